// The list of materials keeps up: when a card was renewed, how many are ready is told anew, and
// when the reader comes back to the page, what was sent from another device appears.

const read = async () => {
  const answer = await fetch(location.pathname, { headers: { Accept: 'text/html' } }).catch(() => null);
  return answer?.ok && !answer.redirected ? new DOMParser().parseFromString(await answer.text(), 'text/html') : null;
};

const count = page => {
  const there = page.getElementById('items-count');
  if (there) document.getElementById('items-count')?.replaceWith(document.adoptNode(there));
  const bulk = document.querySelector('details.bulk');
  if (bulk && !page.querySelector('details.bulk') && !bulk.querySelector('[data-list]').children.length) bulk.remove();
};

document.addEventListener('regain:swapped', async event => {
  const here = document.getElementById('items-count');
  if (!here || event.detail.contains(here) || document.querySelector('.file progress:not([hidden])')) return;
  const page = await read();
  if (page) count(page);
});

document.addEventListener('visibilitychange', async () => {
  if (document.hidden || !document.getElementById('items-count')) return;
  const page = await read();
  if (!page) return;
  for (const card of document.querySelectorAll('section[data-mark]')) {
    const there = page.getElementById(card.id);
    const inUse = card.contains(document.activeElement) || card.querySelector('[data-list]')?.children.length;
    if (there && there.dataset.mark !== card.dataset.mark && !inUse) document.dispatchEvent(new CustomEvent('regain:renew', { detail: { page, selector: '#' + card.id } }));
  }
  count(page);
});
