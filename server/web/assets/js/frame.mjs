// The frame of every page: theme, menus, errors, times, and forms that are sent once.

// The theme changes at once and is remembered in the cookie that the server reads.
addEventListener('submit', event => {
  const form = event.target.closest('[data-theme-form]');
  if (!form || !event.submitter) return;
  event.preventDefault();
  const theme = event.submitter.value;
  document.cookie = `regain-theme=${theme}; Path=/; Max-Age=31536000; SameSite=Lax${location.protocol === 'https:' ? '; Secure' : ''}`;
  document.documentElement.setAttribute('data-bs-theme', theme);
  document.querySelector('meta[name=color-scheme]').content = theme === 'auto' ? 'light dark' : theme;
  for (const button of form.querySelectorAll('button')) button.setAttribute('aria-pressed', String(button === event.submitter));
  closeMenu(form.closest('details'), true);
});

const closeMenu = (menu, focus) => {
  menu.open = false;
  if (focus) menu.querySelector('summary').focus();
};
const openMenus = () => document.querySelectorAll('details[data-menu][open]');
addEventListener('click', event => { for (const menu of openMenus()) if (!menu.contains(event.target)) closeMenu(menu, false); });
addEventListener('keydown', event => { if (event.key === 'Escape') for (const menu of openMenus()) closeMenu(menu, menu.contains(document.activeElement)); });

// What was found wrong takes the focus, also when only a part of the page came anew, but for one that
// comes by itself.
const focusErrors = () => document.querySelector('[data-errors]')?.focus();
focusErrors();
document.addEventListener('htmx:after:swap', event => { if (!event.target.closest?.('[data-live]')) focusErrors(); });

// A link in the summary leads to the field itself, not only to its place on the page.
addEventListener('click', event => {
  const link = event.target.closest('[data-errors] a[href^="#"]');
  const field = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
  if (!field) return;
  event.preventDefault();
  (field.closest('.field') ?? field).scrollIntoView({ block: 'center' });
  field.focus({ preventScroll: true });
});

// Moments are written in the reader's own time.
const writeTimes = root => {
  const language = { en: 'en-GB' }[document.documentElement.lang] ?? document.documentElement.lang;
  const format = { '': new Intl.DateTimeFormat(language, { dateStyle: 'long', timeStyle: 'short' }), day: new Intl.DateTimeFormat(language, { dateStyle: 'long' }) };
  for (const time of root.querySelectorAll('time[data-local]')) {
    time.textContent = format[time.dataset.local].format(new Date(time.dateTime));
    time.removeAttribute('data-local');
  }
};
writeTimes(document);
document.addEventListener('htmx:after:swap', () => writeTimes(document));
document.addEventListener('regain:swapped', () => writeTimes(document));

for (const button of document.querySelectorAll('[data-print]')) {
  button.hidden = false;
  button.addEventListener('click', () => print());
}

// What the page says has been done is read out: a region that speaks is silent about what was in it at first.
// Not so a secret that is shown once.
const told = document.querySelector('.notice[role=status]');
if (told && !told.querySelector('.once') && !document.querySelector('[data-errors]')) setTimeout(() => {
  const live = document.getElementById('live');
  if (live && !live.textContent) live.textContent = told.innerText.trim();
}, 300);

// A form that is sent without a connection would be lost for a page of the browser: it stays, and says so. A device
// that never had a line may well reach a server on itself, so that only a line that broke counts; and who knows better
// than the device presses once more.
let hadLine = navigator.onLine;
const offline = (form, button) => {
  const place = button && !form.contains(button) ? button.parentElement : form; // some buttons stand far from their form
  const said = document.getElementById('offline') ?? document.createElement('p');
  if (place.contains(said)) return false;
  Object.assign(said, { id: 'offline', className: 'notice bad', role: 'alert', textContent: document.getElementById('live')?.dataset.offline ?? '' });
  place.append(said);
  return true;
};
addEventListener('online', () => {
  hadLine = true;
  document.getElementById('offline')?.remove();
});

// A form is sent once: the server would give the first answer again, but two requests
// on their way tell a worried person nothing. After a while it can be sent again: who stopped a
// page that did not come would have a button that does nothing.
const patience = 10_000;
addEventListener('submit', event => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== 'post' || [...form.attributes].some(a => /^hx-(get|post|put|patch|delete|boost)$/.test(a.name))) return;
  if (hadLine && !navigator.onLine && offline(form, event.submitter)) event.preventDefault();
  else if (Date.now() - Number(form.dataset.sent ?? 0) < patience) event.preventDefault();
  else form.dataset.sent = Date.now();
});
addEventListener('pageshow', () => { for (const form of document.querySelectorAll('form[data-sent]')) delete form.dataset.sent; });
