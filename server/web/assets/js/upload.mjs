// A file is sent as soon as it is chosen, one request for each, with its progress, and can be
// cancelled and tried again. The answer is the page that the form would have led to; the part
// named by data-target is taken from it. Without this script the form's button does the work.

const live = text => { const region = document.getElementById('live'); if (region) region.textContent = text; };
const fill = (words, values) => words.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);

const make = (name, attributes = {}, ...children) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) key in element && key !== 'list' ? element[key] = value : element.setAttribute(key, value);
  element.append(...children);
  return element;
};

// swap puts a part of an answered page in the place of the same part here.
const swap = (page, selector) => {
  const here = document.querySelector(selector);
  const there = page.querySelector(selector);
  if (!here || !there) return false;
  here.replaceWith(document.adoptNode(there));
  window.htmx?.process?.(there);
  document.dispatchEvent(new CustomEvent('regain:swapped', { detail: there }));
  start(there);
  return true;
};

const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), b => b.toString(16).padStart(2, '0')).join('');

class Upload {
  constructor(form, file) {
    this.form = form;
    this.file = file;
    this.key = newKey(); // the same for every try, so that a lost answer does no harm
    this.words = form.dataset;
    this.name = make('div', { textContent: file.name });
    this.bar = make('progress', { max: 100, value: 0 });
    this.bar.setAttribute('aria-label', this.say('sending'));
    this.state = make('div', { className: 'small quiet' });
    this.button = make('button', { type: 'button', className: 'btn btn-sm' });
    this.extra = make('button', { type: 'button', className: 'btn btn-sm', hidden: true });
    this.row = make('div', { className: 'file' }, make('div', { className: 'grow' }, this.name, this.bar, this.state), this.button, this.extra);
    form.querySelector('[data-list]').append(this.row);
    this.extra.addEventListener('click', () => this.leave());
    this.label(this.extra, 'remove');
  }

  say(key, values = {}) { return fill(this.words['say' + key[0].toUpperCase() + key.slice(1)] ?? '', { name: this.file.name, ...values }); }

  label(button, key) {
    button.textContent = this.say(key);
    button.setAttribute('aria-label', `${this.say(key)}: ${this.file.name}`);
  }

  leave() {
    this.request?.abort();
    clearTimeout(this.timer);
    this.row.remove();
    this.form.querySelector('input[type=file]').focus();
  }

  begin() {
    const most = Number(this.words.max);
    if (most && this.file.size > most) return this.fail(this.say('large'), false);
    this.tries = 0;
    this.announced = 0;
    live(this.say('started'));
    this.send();
  }

  send() {
    this.bar.hidden = false;
    this.state.className = 'small quiet';
    this.state.textContent = '';
    this.extra.hidden = true;
    this.label(this.button, 'cancel');
    this.button.onclick = () => { this.leave(); live(this.say('cancelled')); };
    const request = this.request = new XMLHttpRequest();
    request.open('POST', this.form.action.replace(/idempotency_key=[^&]*/, 'idempotency_key=' + this.key));
    request.setRequestHeader('Accept', 'text/html');
    request.upload.onprogress = event => this.progress(event);
    request.onload = () => this.answered(request);
    request.onerror = () => this.dropped();
    const body = new FormData();
    for (const [name, value] of new FormData(this.form)) if (name !== 'file') body.append(name, value);
    body.append('file', this.file, this.file.name);
    request.send(body);
  }

  progress(event) {
    if (!event.lengthComputable) return;
    const percent = Math.round(event.loaded / event.total * 100);
    this.bar.value = percent;
    this.state.textContent = percent < 100 ? `${percent} %` : this.say('checking');
    const quarter = Math.floor(percent / 25);
    if (quarter > this.announced && quarter < 4) {
      this.announced = quarter;
      live(this.say('percent', { percent }));
    }
  }

  // A dropped connection is tried again by itself, for about half a minute.
  dropped() {
    if (++this.tries > 5) return this.fail(this.say('dropped'), true);
    this.state.textContent = this.say('again');
    live(this.say('again'));
    this.timer = setTimeout(() => this.send(), 500 * 2 ** this.tries);
  }

  answered(request) {
    const page = new DOMParser().parseFromString(request.responseText, 'text/html');
    if (request.status >= 400) {
      const said = [...page.querySelectorAll('[data-message]')].map(e => e.textContent.trim()).join(' ');
      return this.fail(said || this.say('failed'), request.status >= 500 || request.status === 429);
    }
    const part = this.form.closest('section[id]')?.id;
    live(this.say('done'));
    if (!swap(page, this.words.target)) return location.reload();
    const heading = part && document.getElementById(part)?.querySelector('h2, h3');
    if (!heading) return;
    heading.tabIndex = -1; // where the reader was, for those who can't see where that is
    heading.focus({ preventScroll: true });
  }

  fail(words, mayHelp) {
    this.bar.hidden = true;
    this.state.className = 'failed';
    this.state.textContent = words;
    live(`${this.file.name}: ${words}`);
    if (mayHelp) {
      this.label(this.button, 'retry');
      this.button.onclick = () => this.begin();
      this.extra.hidden = false;
      return;
    }
    this.label(this.button, 'remove');
    this.button.onclick = () => this.leave();
  }
}

const enhance = form => {
  if (form.classList.contains('live')) return;
  form.classList.add('live');
  const input = form.querySelector('input[type=file]');
  const take = files => { for (const file of files) new Upload(form, file).begin(); };
  // What has to be filled in beside the file is sent with it: then the button stays, and
  // the file waits for it.
  const waits = form.querySelector('.field input:not([type=file]), .field select, .field textarea');
  if (waits) form.classList.remove('live');
  if (waits) form.addEventListener('submit', event => { if (input.files.length) { event.preventDefault(); take([...input.files]); } });
  else input.addEventListener('change', () => { take([...input.files]); input.value = ''; });
  form.addEventListener('dragover', event => { event.preventDefault(); form.classList.add('over'); });
  form.addEventListener('dragleave', () => form.classList.remove('over'));
  form.addEventListener('drop', event => {
    event.preventDefault();
    form.classList.remove('over');
    if (waits) input.files = event.dataTransfer.files; else take([...event.dataTransfer.files]);
  });
};

const start = root => { for (const form of root.querySelectorAll('form[data-upload]')) enhance(form); };
start(document);
document.addEventListener('htmx:after:swap', () => start(document));
addEventListener('beforeunload', event => { if (document.querySelector('.file progress:not([hidden])')) event.preventDefault(); });
