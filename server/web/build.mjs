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

mkdirSync(dist, { recursive: true });
for (const entry of readdirSync(dist)) if (entry !== '.gitkeep') rmSync(join(dist, entry), { recursive: true });
mkdirSync(join(dist, 'pdf'));

copy(from('@tabler', 'core', 'dist', 'css', 'tabler.min.css'), 'tabler.css');
copy(from('htmx.org', 'dist', 'htmx.min.js'), 'htmx.js');
for (const name of ['pdf', 'pdf.worker']) copy(from('pdfjs-dist', 'build', name + '.min.mjs'), join('pdf', name + '.mjs'));
for (const name of ['openjpeg', 'jbig2']) cpSync(from('pdfjs-dist', 'wasm', name + '_nowasm_fallback.js'), join(dist, 'pdf', name + '_nowasm_fallback.js'));
cpSync(from('pdfjs-dist', 'LICENSE'), join(dist, 'pdf', 'LICENSE'));
writeFileSync(join(dist, 'icons.svg'), sprite(usedIcons()));
