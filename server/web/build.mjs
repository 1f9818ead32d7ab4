// Copies what the pages use from node_modules into dist/, which the program embeds:
// the style sheet, a sprite of the icons that are used, htmx, and pdf.js.
import { readdirSync, readFileSync, rmSync, mkdirSync, writeFileSync, cpSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const from = (...path) => join(here, 'node_modules', ...path);
const dist = join(here, 'dist');

// Source maps are not shipped, so nothing should point to them.
const withoutMap = text => text.replace(/\n?\/[/*]# sourceMappingURL=[^\n]*\n?$/, '\n');
const copy = (source, name) => writeFileSync(join(dist, name), withoutMap(readFileSync(source, 'utf8')));

function* files(folder, ending) {
  for (const entry of readdirSync(join(here, folder), { withFileTypes: true, recursive: true })) {
    if (entry.isFile() && ending.test(entry.name)) yield join(entry.parentPath ?? entry.path, entry.name);
  }
}

// An icon is used where a template says `icon . "name"`, or Go code says
// icon("name"); filled ones are named "name-filled".
function usedIcons() {
  const names = new Set();
  const collect = (file, pattern) => {
    for (const match of readFileSync(file, 'utf8').matchAll(pattern)) names.add(match[1]);
  };
  for (const file of files('templates', /\.html$/)) collect(file, /\bicon \S+ "([a-z0-9-]+)"/g);
  for (const file of files('.', /^[a-z_]+\.go$/)) if (!file.includes('node_modules')) collect(file, /\bicon\("([a-z0-9-]+)"\)/g);
  return [...names].sort();
}

function sprite(names) {
  const symbols = names.map(name => {
    const filled = name.endsWith('-filled');
    const file = from('@tabler', 'icons', 'icons', filled ? 'filled' : 'outline', name.replace(/-filled$/, '') + '.svg');
    const svg = readFileSync(file, 'utf8').replace(/<!--[\s\S]*?-->/g, '');
    const body = svg.match(/<svg[^>]*>([\s\S]*)<\/svg>/)[1].replace(/\s*\n\s*/g, '');
    const look = filled ? 'fill="currentColor"' : 'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"';
    return `<symbol id="${name}" viewBox="0 0 24 24" ${look}>${body}</symbol>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join('\n')}\n</svg>\n`;
}

// Of the style sheet only the rules that can apply are kept: those whose classes all stand as words
// somewhere in the templates, the scripts or the Go code. That is a fifth of it, and a phone on a bad
// line waits for every byte.
function usedWords() {
  const words = new Set();
  const collect = file => { for (const word of readFileSync(file, 'utf8').split(/[^\w-]+/)) words.add(word); };
  for (const file of files('templates', /\.html$/)) collect(file);
  for (const file of files('assets', /\.mjs$/)) collect(file);
  for (const name of readdirSync(here)) if (name.endsWith('.go')) collect(join(here, name));
  return words;
}

// end finds the place after the block or the statement that begins at `at`, past strings, comments
// and parentheses.
function end(css, at, stops) {
  let depth = 0;
  for (let i = at; i < css.length; i++) {
    const c = css[i];
    if (c === '"' || c === "'") { for (i++; css[i] !== c; i++) if (css[i] === '\\') i++; continue; }
    if (c === '/' && css[i + 1] === '*') { i = css.indexOf('*/', i + 2) + 1; continue; }
    if (depth === 0 && stops.includes(c)) return i;
    if (c === '(' || c === '{' || c === '[') depth++;
    if (c === ')' || c === '}' || c === ']') depth--;
  }
  return css.length;
}

function selectors(prelude) {
  const found = [];
  for (let at = 0; at < prelude.length;) {
    const stop = end(prelude, at, ',');
    found.push(prelude.slice(at, stop));
    at = stop + 1;
  }
  return found;
}

function purge(css, words) {
  const usable = selector => [...selector.matchAll(/\.((?:[\w-]|\\.)+)/g)].every(m => words.has(m[1].replaceAll('\\', '')));
  let kept = '';
  for (let at = 0; at < css.length;) {
    const open = end(css, at, '{;');
    const prelude = css.slice(at, open);
    if (open >= css.length || css[open] === ';') {
      kept += css.slice(at, open + 1);
      at = open + 1;
      continue;
    }
    const close = end(css, open + 1, '}');
    const body = css.slice(open + 1, close);
    at = close + 1;
    const rule = prelude.replace(/\/\*[\s\S]*?\*\//g, '').trim();
    if (/^@(media|supports|layer)/.test(rule)) {
      const inner = purge(body, words);
      if (inner) kept += `${rule}{${inner}}`;
    } else if (rule.startsWith('@')) kept += `${rule}{${body}}`;
    else {
      const some = selectors(rule).filter(usable);
      if (some.length) kept += `${some.join(',')}{${body}}`;
    }
  }
  return kept;
}

mkdirSync(dist, { recursive: true });
for (const entry of readdirSync(dist)) if (entry !== '.gitkeep') rmSync(join(dist, entry), { recursive: true });
mkdirSync(join(dist, 'pdf'));

const tabler = withoutMap(readFileSync(from('@tabler', 'core', 'dist', 'css', 'tabler.min.css'), 'utf8'));
const notice = tabler.match(/\/\*![\s\S]*?\*\//)?.[0] ?? '';
writeFileSync(join(dist, 'tabler.css'), `${notice}\n${purge(tabler, usedWords())}\n`);
copy(from('htmx.org', 'dist', 'htmx.min.js'), 'htmx.js');
for (const name of ['pdf', 'pdf.worker']) copy(from('pdfjs-dist', 'build', name + '.min.mjs'), join('pdf', name + '.mjs'));
for (const name of ['openjpeg', 'jbig2']) cpSync(from('pdfjs-dist', 'wasm', name + '_nowasm_fallback.js'), join(dist, 'pdf', name + '_nowasm_fallback.js'));
cpSync(from('pdfjs-dist', 'LICENSE'), join(dist, 'pdf', 'LICENSE'));
// What a document leaves out because every reader is thought to have it: the standard fonts, and how
// Chinese, Japanese and Korean text is encoded. They lie beside the scripts, which find them by name.
for (const folder of ['standard_fonts', 'cmaps']) {
  for (const name of readdirSync(from('pdfjs-dist', folder))) {
    cpSync(from('pdfjs-dist', folder, name), join(dist, 'pdf', name === 'LICENSE' ? `LICENSE_${folder}` : name));
  }
}
writeFileSync(join(dist, 'icons.svg'), sprite(usedIcons()));
