// The queue and the inbox look for news by themselves; the queue does not move a row while somebody reads it.
import { showUnread } from './inbox.mjs';
import { lookWhileThere } from './there.mjs';

const lookEvery = 20_000;
let ended = false;

const desk = () => document.getElementById('queue') ?? document.getElementById('inbox');
const look = () => { if (!ended && !document.hidden) desk()?.dispatchEvent(new Event('regain:look')); };
if (desk()) lookWhileThere(look, lookEvery);

const say = text => { const live = document.getElementById('live'); if (live) live.textContent = text; };

// What is refused leaves the page as it is: a selection or a search may be under way.
document.addEventListener('htmx:before:swap', event => {
  const { ctx, tasks } = event.detail;
  if (ctx.sourceElement !== desk()) return;
  if (ctx.response.status >= 400) {
    event.preventDefault();
    if (ctx.response.status !== 401) return;
    ended = true;
    document.getElementById('desk-ended').hidden = false;
    return;
  }
  const news = tasks[0]?.fragment.getElementById?.('queue') ?? tasks[0]?.fragment.querySelector('#queue');
  if (news) keepRows(document.getElementById('queue-rows'), news);
});

// keepRows orders the rows of the answer as those on the page are. One that has left is kept and marked;
// those that have come are told of, but for those behind all others, which move nothing.
const keepRows = (here, news) => {
  const there = news.querySelector('#queue-rows');
  if (!here || !there) return; // one of them is empty: nothing is moved
  const shown = [...here.rows];
  const came = new Map([...there.rows].map(row => [row.id, row]));
  const common = shown.filter(row => came.has(row.id));
  const last = common.at(-1);
  const lastPlace = [...came.keys()].indexOf(last?.id);
  const behind = [...came.values()].slice(lastPlace + 1);
  const between = [...came.values()].slice(0, lastPlace + 1).filter(row => !document.getElementById(row.id));
  const cut = came.size >= Number(here.dataset.full); // more may lie on the next page
  const rows = [];
  for (const row of shown) {
    if (came.has(row.id)) rows.push(came.get(row.id));
    else if (!cut || shown.indexOf(row) < shown.indexOf(last)) rows.push(gone(row, here.dataset.gone));
    else rows.push(row.cloneNode(true));
  }
  there.replaceChildren(...rows, ...(rows.length < Number(here.dataset.full) ? behind : []));
  tellNews(news.querySelector('#queue-news'), between.length);
};

const gone = (row, words) => {
  const kept = row.cloneNode(true);
  if (kept.classList.contains('gone')) return kept;
  kept.classList.add('gone');
  const note = document.createElement('span');
  note.className = 'trait';
  note.textContent = words;
  kept.querySelector('.traits').append(note);
  kept.querySelector('form')?.remove();
  kept.querySelector('.tickable')?.replaceChildren();
  return kept;
};

const tellNews = (place, number) => {
  if (!place || number === 0) return;
  const words = place.querySelector('[data-say]');
  const text = words.dataset.say.replace('#', new Intl.NumberFormat(document.documentElement.lang).format(number));
  words.textContent = text;
  place.hidden = false;
  if (document.querySelector('#queue-news [data-say]')?.textContent !== text) say(text);
};

// Selected rows: how many, all of the page, and a range with the shift key.
const boxes = () => [...document.querySelectorAll('#queue-rows input[type=checkbox]')];
let lastBox = null;

const countSelected = () => {
  const bar = document.getElementById('selection-bar');
  if (!bar) return;
  const all = boxes();
  const number = all.filter(box => box.checked).length;
  const words = bar.querySelector('[data-count]');
  words.textContent = words.dataset.say.replace('#', new Intl.NumberFormat(document.documentElement.lang).format(number));
  bar.hidden = number === 0;
  bar.querySelector('[data-none]').hidden = false;
  for (const row of document.querySelectorAll('#queue-rows tr')) row.classList.toggle('selected', Boolean(row.querySelector('input[type=checkbox]:checked')));
  const whole = document.querySelector('[data-all]');
  whole.hidden = all.length === 0;
  whole.checked = number > 0 && number === all.length;
  whole.indeterminate = number > 0 && number < all.length;
};
const selectAll = checked => { for (const box of boxes()) box.checked = checked; countSelected(); };

addEventListener('click', event => {
  const box = event.target.closest?.('#queue-rows input[type=checkbox]');
  if (box && event.shiftKey && lastBox?.isConnected) {
    const all = boxes();
    const [from, to] = [all.indexOf(lastBox), all.indexOf(box)].sort((a, b) => a - b);
    for (const other of all.slice(from, to + 1)) other.checked = box.checked;
  }
  if (box) lastBox = box;
  if (event.target.closest?.('[data-none]')) {
    selectAll(false);
    document.querySelector('[data-all]')?.focus();
  }
});
addEventListener('change', event => {
  if (event.target.matches('[data-all]')) selectAll(event.target.checked);
  else if (event.target.matches('#queue-rows input')) countSelected();
});
document.addEventListener('htmx:after:swap', () => {
  countSelected();
  showUnread(desk()?.dataset.unread);
});
addEventListener('pageshow', countSelected);
countSelected();
// What the server ticked and filled in, because something was wrong, is as if the reader had: it stays when
// the list is asked for anew.
for (const box of boxes()) box.checked = box.checked;
for (const field of document.querySelectorAll('#selection-bar input, #selection-bar select')) {
  const typed = field.value;
  field.removeAttribute('value');
  field.value = typed;
}

// The key / leads to the search, as on the page of a case.
addEventListener('keydown', event => {
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input, select, textarea, [contenteditable]')) return;
  const field = document.getElementById('f-text');
  if (!field) return;
  event.preventDefault();
  field.focus();
  field.select();
});
