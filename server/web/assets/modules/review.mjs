// The reviewer's page: its forms open as dialogs, single keys do what its buttons do, and nothing that
// was on the screen jumps when a part of the page is renewed.
import { lookWhileThere } from './there.mjs';
import { start as startViewer } from './viewer.mjs';
import { showUnread } from './inbox.mjs';
import { start as startMentions } from './mention.mjs';

const $ = (selector, root = document) => root.querySelector(selector);
const announce = text => { const live = document.getElementById('live'); if (live && text) live.textContent = text; };

let screens = [];
let watched; // where presence on the case that is open is told
let place = { scroll: 0, item: '', case: '' };

// --- Dialogs ---

const show = dialog => {
  if (!dialog || dialog.matches(':modal')) return;
  if (dialog.open) dialog.close();
  dialog.showModal();
  for (const wanted of ['[data-errors]', '[data-preview]', '[autofocus]', 'input:checked', 'input:not([type=hidden]), textarea, button, a[href]']) {
    const found = $(wanted, dialog);
    if (found) return found.focus();
  }
};

// Links that open a form do so here, before anybody follows them.
addEventListener('click', event => {
  if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const opener = event.target.closest?.('[data-open]');
  const dialog = opener && document.getElementById(opener.dataset.open);
  const closer = event.target.closest?.('dialog [data-close]');
  if (!dialog && !closer) return;
  event.preventDefault();
  event.stopPropagation();
  if (dialog) show(dialog);
  else closer.closest('dialog').close();
}, true);

// A click beside a dialog closes it, unless something was typed into it.
addEventListener('click', event => {
  const dialog = event.target.closest?.('dialog.act');
  if (!dialog || event.target !== dialog) return;
  const box = dialog.getBoundingClientRect();
  const beside = event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
  if (beside && ![...dialog.querySelectorAll('textarea')].some(t => t.value !== t.defaultValue)) dialog.close();
});

// A link above the page to a field in a closed form opens that form.
addEventListener('click', event => {
  const link = event.target.closest?.('[data-errors] a[href^="#"]');
  const field = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
  const dialog = field?.closest('dialog');
  if (!dialog || dialog.open) return;
  event.preventDefault();
  event.stopPropagation();
  show(dialog);
  field.focus();
}, true);

// --- What the customer is told ---

const mirror = area => {
  for (const preview of document.querySelectorAll(`[data-live-preview="${area.id}"]`)) {
    $('[data-words]', preview).textContent = area.value;
    preview.hidden = area.value.trim() === '';
  }
};

// The text for a reason fills the field, as long as nobody has written into it.
addEventListener('change', event => {
  const area = event.target.dataset?.into && document.getElementById(event.target.dataset.into);
  if (!area) return;
  if (area.value.trim() === '' || area.value === area.dataset.filled) {
    area.value = area.dataset.filled = event.target.dataset.canned;
    mirror(area);
  }
});
addEventListener('input', event => { if (event.target.matches?.('dialog textarea')) mirror(event.target); });

// Whoever names a day has chosen it.
addEventListener('input', event => {
  const choice = event.target.dataset?.chooses && document.getElementById(event.target.dataset.chooses);
  if (choice && event.target.value) choice.checked = true;
});

// A lower choice among checks takes a reason: its field is there once a lower one is all that is met.
const fallback = form => {
  const field = $('[data-fallback]', form);
  if (!field) return;
  const lower = [...form.querySelectorAll('[data-kind=prefer]')].some(group => {
    const first = [...group.querySelectorAll(':scope > [data-choice]:first-of-type input')];
    const all = [...group.querySelectorAll('input')];
    return first.some(box => !box.checked) && all.some(box => box.checked);
  });
  field.hidden = !lower && $('input', field).value === '' && !$('.field-error', field);
};
addEventListener('change', event => { const form = event.target.closest?.('[data-accept]'); if (form) fallback(form); });

// --- Keys ---

const keysOff = () => /(?:^|; )regain-keys=off(?:;|$)/.test(document.cookie);
const setKeys = on => {
  document.cookie = `regain-keys=${on ? 'on' : 'off'}; Path=/; Max-Age=31536000; SameSite=Lax${location.protocol === 'https:' ? '; Secure' : ''}`;
  document.documentElement.classList.toggle('no-keys', !on);
};
addEventListener('change', event => { if (event.target.matches?.('[data-keys-switch]')) setKeys(event.target.checked); });

const typing = target => target.closest?.('input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]');

const viewerKeys = { '+': 'zoom-in', '=': 'zoom-in', '-': 'zoom-out', 0: 'fit', r: 'rotate', f: 'full', '.': 'page-on', ',': 'page-back' };

// press does what a button or link would do. It takes the focus first, so that a dialog
// which closes gives it back to where it was opened.
const press = element => {
  if (!element) return false;
  element.focus({ preventScroll: true });
  element.click();
  return true;
};

const step = by => {
  const all = [...document.querySelectorAll('.strip a')];
  const at = all.findIndex(a => a.hasAttribute('aria-current'));
  const next = all[at + by];
  return press(next);
};

const search = () => {
  const field = $('input[type=search]');
  if (field) field.focus();
  else location.href = $('[data-bench]').dataset.queue;
  return true;
};

const pressed = key => {
  if (key === '?') { show(document.getElementById('keys')); return true; }
  if (viewerKeys[key]) { screens.at(-1)?.do(viewerKeys[key]); return screens.length > 0; }
  if (key === ']') return step(1);
  if (key === '[') return step(-1);
  if (key === '/') return search();
  if (key === 's') {
    const menu = $('.bar-menu');
    if (!menu) return false;
    menu.open = !menu.open;
    (menu.open ? $('a', menu) : $('summary', menu)).focus();
    return true;
  }
  if (key === 'w' || key === 't') {
    const form = $(`[data-write=${key}]`); // where nobody can be written to, there is the note alone
    if (!form) return false;
    form.open = true;
    $('textarea', form).focus();
    return true;
  }
  if (key === 'l') {
    const form = $('[data-tagging]');
    if (!form) return false;
    form.open = true;
    $('input:not([type=hidden])', form).focus();
    return true;
  }
  return press($(`[data-bench] [data-key="${CSS.escape(key)}"]`));
};

addEventListener('keydown', event => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.key.length !== 1) return;
  if (keysOff() || typing(event.target) || $('dialog:modal') || !$('[data-bench]')) return;
  if (event.target.closest?.('details.menu[open]')) return;
  if (pressed(event.key)) event.preventDefault();
});

// --- Who else is looking ---

const often = 15_000;
let last = '';

const names = people => new Intl.ListFormat(document.documentElement.lang, { type: 'conjunction' }).format(people.map(p => p.name));

// look says that the case is open here, and shows who else has it open and whether it
// has changed since. What was typed is left alone.
const look = async () => {
  const part = $('[data-others]');
  if (!part || document.hidden) return;
  let answer;
  try {
    answer = await fetch(part.dataset.url, { method: 'POST', credentials: 'same-origin', headers: { Accept: 'application/json' } });
  } catch { return; } // the line is away; the next one tries again
  if (!answer.ok) return;
  const { others, version, newest, unread } = await answer.json();
  showUnread(unread);
  if (!part.isConnected) return;
  part.hidden = others.length === 0;
  const said = others.length ? (others.length > 1 ? part.dataset.sayMany : part.dataset.sayOne).replace('{who}', names(others)) : '';
  $('[data-who]', part).textContent = said;
  if (said && said !== last) announce(said);
  last = said;
  if (version !== Number(part.dataset.version) || newest > Number(part.dataset.newest)) showChanges(part, newest);
};

// showChanges puts what others did above the items, out of the page as it is now.
const showChanges = async (part, newest) => {
  if (Number(part.dataset.told) === newest) return;
  part.dataset.told = newest;
  const here = new URL(location.href);
  here.searchParams.set('seen', part.dataset.newest);
  here.searchParams.delete('do');
  try {
    const answer = await fetch(here, { credentials: 'same-origin', headers: { Accept: 'text/html', 'HX-Request': 'true', 'HX-Target': 'div#changes' } });
    const block = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('changes');
    const place = $('#changes');
    if (!answer.ok || !block || !place || !part.isConnected) return;
    place.replaceWith(document.adoptNode(block));
    window.htmx?.process(block);
    document.dispatchEvent(new CustomEvent('regain:swapped', { detail: block }));
    announce($('h2', block)?.textContent);
  } catch { delete part.dataset.told; } // the next look tries again
};

lookWhileThere(look, often);
const leave = url => { if (url) fetch(url, { method: 'DELETE', credentials: 'same-origin', keepalive: true }).catch(() => {}); };
addEventListener('pagehide', () => leave($('[data-others]')?.dataset.url));

const bench = () => $('[data-bench]');

// --- Messages and notes that were begun, and not sent ---

// They stay while items are decided and other cases looked at, and are there again with their case.
const drafts = new Map();
const draftOf = (page, part) => `${page.dataset.case} ${part.dataset.write}`;
const fieldsOf = part => [...part.querySelectorAll('textarea, select')];

const keepDrafts = (page, sent) => {
  for (const part of page.querySelectorAll('[data-write]')) {
    const values = fieldsOf(part).map(field => field.value);
    if (values[0].trim() && !part.contains(sent)) drafts.set(draftOf(page, part), values);
    else drafts.delete(draftOf(page, part));
  }
};

const giveDrafts = page => {
  for (const part of page.querySelectorAll('[data-write]')) {
    const values = drafts.get(draftOf(page, part));
    const fields = fieldsOf(part);
    if (!values || fields[0].value) continue; // what was refused comes from the server
    fields.forEach((field, n) => { field.value = values[n] ?? ''; });
    part.open = true;
  }
};

// --- A line that broke ---

// What was done may not have arrived: that is said where the reader is, until the next try.
document.addEventListener('htmx:error', event => {
  const page = bench();
  if (!page || !event.detail?.ctx) return;
  const told = document.getElementById('line-gone') ?? document.createElement('p');
  Object.assign(told, { id: 'line-gone', className: 'notice bad line-gone', role: 'alert', textContent: page.dataset.lineGone });
  ($('dialog.act:modal') ?? $('[data-panel]')).prepend(told);
});
document.addEventListener('htmx:before:request', () => document.getElementById('line-gone')?.remove());

// --- The page, at first and each time that it is renewed ---

const ofMain = event => [event.detail?.ctx?.target?.id, event.detail?.ctx?.target].some(target => target === 'main' || target === '#main');

document.addEventListener('htmx:before:swap', event => {
  if (!ofMain(event)) return;
  const now = bench();
  if (now) keepDrafts(now, event.detail.ctx.sourceElement);
  place = { scroll: $('[data-panel]')?.scrollTop ?? 0, case: now?.dataset.case ?? '', item: $('[data-selected]')?.id ?? '' };
});

// reveal moves the panel as little as it takes to see an item between its head and the
// buttons at its foot; of one that does not fit, its beginning is seen.
const reveal = (item, panel) => {
  if (getComputedStyle(panel).overflowY === 'visible') return item.scrollIntoView({ block: 'nearest' });
  const seen = panel.getBoundingClientRect(), box = item.getBoundingClientRect();
  const foot = $('#decide')?.offsetHeight ?? 0;
  const below = box.bottom - (seen.bottom - foot);
  if (below > 0) panel.scrollTop += Math.min(below, box.top - seen.top - 8);
  else if (box.top < seen.top) panel.scrollTop += box.top - seen.top - 8;
};

const settle = first => {
  const page = bench();
  watched = $('[data-others]')?.dataset.url;
  if (!page) return;
  look();
  giveDrafts(page);
  document.title = page.dataset.title;
  document.documentElement.classList.toggle('no-keys', keysOff());
  for (const part of page.querySelectorAll('[data-scripted]')) part.hidden = false;
  const keys = $('[data-keys-switch]');
  if (keys) keys.checked = !keysOff();
  screens = startViewer(page);
  for (const list of page.querySelectorAll('[data-suggest]')) startMentions(list);
  for (const area of page.querySelectorAll('dialog textarea')) mirror(area);
  for (const form of page.querySelectorAll('[data-accept]')) fallback(form);
  const dialog = $('dialog.act[open]', page);
  const errors = $('[data-errors]');
  if (dialog) {
    const top = $('form', dialog) ?? dialog;
    const changes = $('#changes > section');
    if (changes) top.prepend(changes);
    if (errors) top.prepend(errors);
    return show(dialog);
  }
  if (first || errors) return;
  const panel = $('[data-panel]');
  if (place.case !== page.dataset.case) {
    panel.scrollTop = 0;
    $('#case-title')?.focus({ preventScroll: true });
    announce([...page.querySelectorAll('[data-was]')].map(e => `${e.innerText.trim()}. `).join('') + page.dataset.title);
    return;
  }
  panel.scrollTop = place.scroll;
  const selected = $('[data-selected]');
  if (!selected) return;
  reveal(selected, panel);
  $('#selected-title').focus({ preventScroll: true });
  announce(page.dataset.done ? `${page.dataset.done} ${$('#selected-title').textContent}` : $('#selected-title').textContent);
};

document.addEventListener('htmx:after:swap', event => {
  if (!ofMain(event)) return;
  const now = $('[data-others]')?.dataset.url;
  if (watched && watched !== now) leave(watched);
  settle(false);
});
settle(true);
