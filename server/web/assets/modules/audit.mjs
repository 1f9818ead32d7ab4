// The progress of a verification is looked at while somebody is there, and its end is told.
import { lookWhileThere } from './there.mjs';

const lookEvery = 2000;
const progress = () => document.getElementById('audit-progress');
const goesOn = () => Boolean(progress()?.querySelector('progress'));

if (goesOn()) {
  lookWhileThere(() => { if (!document.hidden && goesOn()) progress().dispatchEvent(new Event('regain:look')); }, lookEvery);
  document.addEventListener('htmx:after:swap', () => {
    const live = document.getElementById('live');
    if (live && progress() && !goesOn()) live.textContent = progress().innerText;
  });
}
