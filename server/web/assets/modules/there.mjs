// Pages that look for news by themselves look only while somebody is there. A look counts as use of the
// session: whoever has gone away must not look on, or their session would never end.
const away = 10 * 60_000;

export const lookWhileThere = (look, often) => {
  let lastAct = Date.now();
  const acts = () => {
    const wasAway = Date.now() - lastAct > away;
    lastAct = Date.now();
    if (wasAway) look();
  };
  for (const type of ['pointermove', 'pointerdown', 'keydown', 'scroll']) addEventListener(type, acts, { passive: true, capture: true });
  document.addEventListener('visibilitychange', () => { if (!document.hidden) { lastAct = Date.now(); look(); } });
  setInterval(() => { if (Date.now() - lastAct < away) look(); }, often);
};
