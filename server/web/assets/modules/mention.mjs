// Names after an @ in a note: a list of colleagues opens below the field, and is gone through by the arrow
// keys. The colleagues are the choices of the select that does the same without scripts.
const fold = text => text.normalize('NFKD').replace(/\p{Mn}/gu, '').toLowerCase();
const mostShown = 6;
// An @ begins a name at the start of a line or after a space, so that no e-mail address does.
const asked = /(?:^|\s)@([^@\n]{0,40})$/u;

export const start = list => {
  const area = document.getElementById(list.dataset.for);
  const source = document.getElementById(list.dataset.from);
  if (!area || !source || area.dataset.mentions) return;
  area.dataset.mentions = 'yes';
  const people = [...source.options].filter(o => o.value).map(o => ({ name: o.label, folded: fold(o.label) }));
  let at = 0;

  const options = () => [...list.children];
  const open = () => !list.hidden;
  area.setAttribute('aria-autocomplete', 'list');
  area.setAttribute('aria-controls', list.id);

  const close = () => {
    list.hidden = true;
    list.replaceChildren();
    area.removeAttribute('aria-activedescendant');
  };
  const mark = n => {
    const all = options();
    at = (n + all.length) % all.length;
    all.forEach((option, i) => option.setAttribute('aria-selected', String(i === at)));
    area.setAttribute('aria-activedescendant', all[at].id);
    all[at].scrollIntoView({ block: 'nearest' });
  };
  const typed = () => {
    if (area.selectionStart !== area.selectionEnd) return null;
    return asked.exec(area.value.slice(0, area.selectionStart))?.[1] ?? null;
  };
  const fits = (person, words) => words.every(word => person.folded.split(/[\s(]+/u).some(part => part.startsWith(word)) || person.folded.includes(word) && !/[a-z]/.test(word));

  const look = () => {
    const text = typed();
    if (text === null) return close();
    const words = fold(text).split(/\s+/u).filter(Boolean);
    const found = people.filter(p => fits(p, words) && fold(text) !== p.folded + ' ').slice(0, mostShown);
    if (!found.length) return close();
    const grew = !open() || found.length !== options().length;
    list.replaceChildren(...found.map((person, n) => {
      const option = document.createElement('li');
      option.id = `${list.id}-${n}`;
      option.role = 'option';
      option.textContent = person.name;
      return option;
    }));
    list.hidden = false;
    mark(0);
    const live = document.getElementById('live');
    if (live && grew) live.textContent = list.dataset.say.replace('#', found.length);
  };

  const choose = n => {
    const name = options()[n].textContent;
    const end = area.selectionStart;
    const begin = area.value.lastIndexOf('@', end - 1);
    area.setRangeText(`@${name} `, begin, end, 'end');
    close();
    area.dispatchEvent(new Event('input', { bubbles: true }));
  };

  area.addEventListener('input', look);
  area.addEventListener('click', look);
  area.addEventListener('blur', close);
  area.addEventListener('keydown', event => {
    if (!open() || event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) mark(at + step);
    else if ((event.key === 'Enter' || event.key === 'Tab') && !event.shiftKey) choose(at);
    else if (event.key === 'Escape') close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  list.addEventListener('pointerdown', event => {
    event.preventDefault(); // the field keeps the focus
    const option = event.target.closest('[role=option]');
    if (option) choose(options().indexOf(option));
  });
};
