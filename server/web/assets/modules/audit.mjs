// The progress of a verification is looked at while somebody is there.
import { lookWhileThere } from './there.mjs';

const lookEvery = 2000;
const progress = () => document.getElementById('audit-progress');
if (progress()) lookWhileThere(() => { if (!document.hidden) progress()?.dispatchEvent(new Event('regain:look')); }, lookEvery);
