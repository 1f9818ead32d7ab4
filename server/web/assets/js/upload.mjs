// A file is sent as soon as it is chosen, one after the other, with its progress, and can be
// cancelled and tried again. The answer is the page that the form would have led to; the part
// named by data-target is taken from it. Without this script the form's button does the work.

const live = text => { const region = document.getElementById('live'); if (region) region.textContent = text; };
const fill = (words, values) => words.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
const sayings = () => document.getElementById('upload-words')?.dataset ?? {};

const make = (name, attributes = {}, ...children) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) key in element && key !== 'list' ? element[key] = value : element.setAttribute(key, value);
  element.append(...children);
  return element;
};

// newList is for rows whose form is gone since every place is taken: what became of those files is told all the same.
const newList = (part, id) => {
  const list = make('div', { className: 'progress-list', id });
  list.dataset.list = '';
  const card = make('div', { className: 'card' }, list);
  const count = part.querySelector('#items-count');
  if (count) count.after(card); else part.prepend(card);
  return list;
};

// swap puts a part of an answered page in the place of the same part here. The rows of
// files that are still on their way stay.
const swap = (page, selector) => {
  const here = document.querySelector(selector);
  const there = page.querySelector(selector);
  if (!here || !there) return false;
  const open = here.querySelector('details.bulk[open]') !== null;
  const rows = [...here.querySelectorAll('[data-list]')].map(list => [list.id, [...list.children]]);
  here.replaceWith(document.adoptNode(there));
  for (const [id, children] of rows) if (children.length) (document.getElementById(id) ?? newList(there, id)).append(...children);
  if (open) for (const bulk of there.querySelectorAll('details.bulk')) bulk.open = true;
  window.htmx?.process?.(there);
  document.dispatchEvent(new CustomEvent('regain:swapped', { detail: there }));
  start(there);
  return true;
};

const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), b => b.toString(16).padStart(2, '0')).join('');

// Files wait for each other: on a bad line one that arrives is worth more than three halves.
let busy = null;
const queue = [];
const next = () => {
  if (busy || !queue.length) return;
  busy = queue.shift();
  busy.begin();
};
const finished = upload => {
  if (busy === upload) busy = null;
  next();
};

// pixels is how many a JPEG or PNG has, out of its first bytes; 0 if they don't tell.
const pixels = async file => {
  try {
    const head = new DataView(await file.slice(0, 1 << 18).arrayBuffer());
    if (head.getUint32(0) === 0x89504e47) return head.getUint32(16) * head.getUint32(20);
    if (head.getUint16(0) !== 0xffd8) return 0;
    for (let at = 2; ; at += 2 + head.getUint16(at + 2)) {
      const marker = head.getUint16(at);
      if (marker >= 0xffc0 && marker <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(marker)) return head.getUint16(at + 5) * head.getUint16(at + 7);
    }
  } catch { return 0; } // the server says what is wrong with it
};

// What phones and chats keep photos as, which the server doesn't take.
const foreign = /^image\/(heic|heif|webp|avif)$/;

// asJPEG makes a photo small enough, and a JPEG: phones take ever larger ones, and nobody knows how to
// change them there. The file as it was is sent if that does not work.
const asJPEG = async (file, most) => {
  const picture = await createImageBitmap(file).catch(() => null);
  if (!picture) return file;
  const canvas = make('canvas');
  try {
    for (const [side, quality] of [[4096, 0.85], [3072, 0.8], [2048, 0.8]]) {
      const scale = Math.min(1, side / Math.max(picture.width, picture.height));
      Object.assign(canvas, { width: Math.round(picture.width * scale), height: Math.round(picture.height * scale) });
      const brush = canvas.getContext('2d');
      brush.fillStyle = '#fff'; // or what can be seen through would be black
      brush.fillRect(0, 0, canvas.width, canvas.height);
      brush.drawImage(picture, 0, 0, canvas.width, canvas.height);
      const blob = await new Promise(done => canvas.toBlob(done, 'image/jpeg', quality));
      if (blob && blob.size <= most) return new File([blob], file.name.replace(/\.\w+$/, '') + '.jpg', { type: 'image/jpeg' });
    }
  } catch { // a phone has not the memory for it
  } finally { // which comes back at once, and not some time
    picture.close();
    Object.assign(canvas, { width: 0, height: 0 });
  }
  return file;
};

// stall is how long a line may carry nothing before it counts as broken, in milliseconds.
const stall = 60_000;

class Upload {
  constructor(form, file) {
    this.file = file;
    this.key = newKey(); // the same for every try, so that a lost answer does no harm
    this.action = form.action.replace(/idempotency_key=[^&]*/, 'idempotency_key=' + this.key);
    this.target = form.dataset.target;
    this.most = Number(form.dataset.max);
    this.pixels = Number(form.dataset.pixels);
    this.limit = form.dataset.limit;
    this.fields = [...new FormData(form)].filter(([name]) => name !== 'file');
    this.card = form.closest('.card')?.id;
    this.input = form.querySelector('input[type=file]').id;
    this.bar = make('progress', { max: 100, value: 0 });
    this.bar.setAttribute('aria-label', this.say('sending'));
    this.state = make('div', { className: 'small quiet' });
    this.button = make('button', { type: 'button', className: 'btn btn-sm' });
    this.extra = make('button', { type: 'button', className: 'btn btn-sm', hidden: true });
    this.row = make('div', { className: 'file' }, make('div', { className: 'grow' }, make('div', { textContent: file.name }), this.bar, this.state), make('div', { className: 'file-tools' }, this.button, this.extra));
    form.closest('.card').querySelector('[data-list]').append(this.row);
    this.extra.addEventListener('click', () => this.leave());
    this.label(this.extra, 'remove');
    this.wait();
  }

  say(key, values = {}) { return fill(sayings()[key] ?? '', { name: this.file.name, limit: this.limit, ...values }); }

  label(button, key) {
    button.textContent = this.say(key);
    button.setAttribute('aria-label', `${this.say(key)}: ${this.file.name}`);
  }

  wait() {
    this.bar.hidden = false;
    this.bar.value = 0;
    this.state.className = 'small quiet';
    this.state.textContent = this.say('waiting');
    this.extra.hidden = true;
    this.label(this.button, 'cancel');
    this.button.onclick = () => { this.leave(); live(this.say('cancelled')); };
    queue.push(this);
    next();
  }

  leave() {
    this.left = true;
    this.request?.abort();
    this.rest();
    const at = queue.indexOf(this);
    if (at >= 0) queue.splice(at, 1);
    this.row.remove();
    document.getElementById(this.input)?.focus();
    finished(this);
  }

  // turn says what has to be done to a photo before it is taken.
  async turn() {
    if (foreign.test(this.file.type)) return 'turning';
    if (!/^image\/(jpeg|png)$/.test(this.file.type)) return '';
    return this.most && this.file.size > this.most || this.pixels && await pixels(this.file) > this.pixels ? 'shrinking' : '';
  }

  async begin() {
    const turn = await this.turn();
    if (this.left) return;
    if (turn) {
      this.state.textContent = this.say(turn);
      const before = this.file;
      this.file = await asJPEG(before, this.most || Infinity);
      if (this.left) return;
      live(this.say(this.file === before ? 'started' : turn === 'turning' ? 'turned' : 'shrunk'));
    } else live(this.say('started'));
    if (this.most && this.file.size > this.most) return this.fail(this.say('large'), false);
    this.tries = 0;
    this.announced = 0;
    this.send();
  }

  // rest ends what waits for the line.
  rest() {
    clearTimeout(this.timer);
    removeEventListener('online', this.again);
  }

  watch() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => { this.request.abort(); this.dropped(); }, stall);
  }

  send() {
    this.rest();
    this.state.textContent = '';
    const request = this.request = new XMLHttpRequest();
    request.open('POST', this.action);
    request.setRequestHeader('Accept', 'text/html');
    request.upload.onprogress = event => this.progress(event);
    request.onload = () => { this.rest(); this.answered(request); };
    request.onerror = () => this.dropped();
    this.watch();
    const body = new FormData();
    for (const [name, value] of this.fields) body.append(name, value);
    body.append('file', this.file, this.file.name);
    request.send(body);
  }

  progress(event) {
    this.watch();
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

  // A dropped connection is tried again by itself, for about half a minute, and at once when
  // the device says that it is back.
  dropped() {
    this.rest();
    if (++this.tries > 5) return this.fail(this.say('dropped'), true);
    this.state.textContent = this.say('again');
    live(this.say('again'));
    this.again = () => this.send();
    this.timer = setTimeout(this.again, 500 * 2 ** this.tries);
    addEventListener('online', this.again);
  }

  answered(request) {
    const page = new DOMParser().parseFromString(request.responseText, 'text/html');
    if (request.status === 401) return this.ended();
    if (request.status >= 400) {
      const said = [...page.querySelectorAll('[data-message]')].map(e => e.textContent.trim()).join(' ');
      return this.fail(said || this.say('failed'), request.status >= 500 || request.status === 429);
    }
    const place = page.querySelector('[data-place]')?.textContent.trim();
    if (place) this.placed(place); else this.row.remove();
    live(place ? place : this.say('done'));
    if (!swap(page, this.target)) return location.reload();
    finished(this);
    if (busy) return; // the focus stays where it is while others follow
    const heading = this.card && document.getElementById(this.card)?.querySelector('h2, h3');
    if (!heading) return;
    heading.tabIndex = -1; // where the reader was, for those who can't see where that is
    heading.focus({ preventScroll: true });
  }

  // placed says where a file went that was chosen for the whole list.
  placed(place) {
    this.bar.hidden = true;
    this.state.textContent = place;
    this.button.remove();
  }

  // ended says that the session is over: there is no file to go on with on another page.
  ended() {
    this.fail(this.say('ended'), false);
    this.button.before(make('a', { className: 'btn btn-sm btn-primary', href: location.href, textContent: this.say('enter') }));
  }

  fail(words, mayHelp) {
    this.bar.hidden = true;
    this.state.className = 'failed';
    this.state.textContent = words;
    live(`${this.file.name}: ${words}`);
    if (mayHelp) {
      this.label(this.button, 'retry');
      this.button.onclick = () => this.wait();
      this.extra.hidden = false;
    } else {
      this.row.classList.add('refused');
      this.label(this.button, 'remove');
      this.button.onclick = () => this.leave();
    }
    finished(this);
  }
}

const enhance = form => {
  if (form.classList.contains('live')) return;
  form.classList.add('live');
  const input = form.querySelector('input[type=file]');
  const take = files => {
    // Whoever chooses again for the one place that there is has done with what was refused there.
    if (!input.multiple) for (const row of form.closest('.card').querySelectorAll('[data-list] > .refused')) row.remove();
    const all = [...files].slice(0, input.multiple ? files.length : 1);
    for (const file of all) new Upload(form, file);
  };
  // What has to be filled in beside the file is sent with it: then the button stays, and
  // the file waits for it.
  const waits = form.querySelector('.field input:not([type=file]), .field select, .field textarea');
  if (waits) form.classList.remove('live');
  if (waits) form.addEventListener('submit', event => { if (input.files.length) { event.preventDefault(); take(input.files); } });
  else input.addEventListener('change', () => { take(input.files); input.value = ''; });
  form.addEventListener('dragover', event => { event.preventDefault(); form.classList.add('over'); });
  form.addEventListener('dragleave', () => form.classList.remove('over'));
  form.addEventListener('drop', event => {
    event.preventDefault();
    form.classList.remove('over');
    if (waits) input.files = event.dataTransfer.files; else take(event.dataTransfer.files);
  });
};

const start = root => { for (const form of root.querySelectorAll('form[data-upload]')) enhance(form); };
start(document);
document.addEventListener('regain:renew', event => swap(event.detail.page, event.detail.selector));
document.addEventListener('htmx:after:swap', () => start(document));
addEventListener('beforeunload', event => { if (document.querySelector('.file progress:not([hidden])')) event.preventDefault(); });
