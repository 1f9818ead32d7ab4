// How many entries of the inbox are unread, in the head of every page of the workbench. It is told when
// it grows.
const most = 100; // as far as the server counts

export const showUnread = count => {
  const badge = document.querySelector('[data-inbox-count]');
  const n = Number(count);
  if (!badge || count === undefined || !Number.isInteger(n)) return;
  const before = badge.hidden ? 0 : Number.parseInt(badge.querySelector('[data-number]').textContent, 10);
  const shown = n >= most ? badge.dataset.most.replace('#', most - 1) : String(n);
  const words = badge.dataset.say.replace('#', shown);
  badge.hidden = n === 0;
  badge.querySelector('[data-number]').textContent = shown;
  badge.querySelector('[data-words]').textContent = words;
  const live = document.getElementById('live');
  if (live && n > before) live.textContent = `${badge.closest('a').firstChild.textContent.trim()}: ${words}`;
};
