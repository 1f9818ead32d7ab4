// When the card of an item was renewed, how many are ready is told anew, too.

document.addEventListener('regain:swapped', async event => {
  const here = document.getElementById('items-count');
  if (!here || event.detail.contains(here)) return;
  const answer = await fetch(location.pathname, { headers: { Accept: 'text/html' } }).catch(() => null);
  if (!answer?.ok) return;
  const there = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('items-count');
  if (there) document.getElementById('items-count')?.replaceWith(document.adoptNode(there));
});
