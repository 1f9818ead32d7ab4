// The queue looks for news by itself, and does not move a row while somebody reads it.

const lookEvery = 20_000;
// A look counts as use of the session, so that whoever has gone away must not look on: their session
// would never end.
const away = 10 * 60_000;
let lastAct = Date.now();
let ended = false;

const desk = () => document.getElementById('queue');
const look = () => { if (!ended && !document.hidden) desk()?.dispatchEvent(new Event('regain:look')); };
const acts = () => {
  const wasAway = Date.now() - lastAct > away;
  lastAct = Date.now();
  if (wasAway) look();
};
if (desk()) {
  for (const type of ['pointermove', 'pointerdown', 'keydown', 'scroll']) addEventListener(type, acts, { passive: true });
  document.addEventListener('visibilitychange', () => { if (!document.hidden) { lastAct = Date.now(); look(); } });
  setInterval(() => { if (Date.now() - lastAct < away) look(); }, lookEvery);
}

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
