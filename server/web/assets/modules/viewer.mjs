// Shows documents: photos as they are, PDFs by pdf.js, which is loaded when the first one is opened.
// What was opened stays in memory while its reader works on, so that going back and forth between
// documents, or deciding about one, loads nothing twice.

const most = 16; // documents kept in memory
const ahead = 30_000_000; // bytes that are loaded before anybody asks, for the small pictures
const kept = new Map(); // id → Paper, the one used last at the end

let library;
const pdfjs = viewer => library ??= import(viewer.dataset.pdf).then(pdf => {
  pdf.GlobalWorkerOptions.workerSrc = viewer.dataset.worker;
  return pdf;
});

// Paper is a document that was loaded: it knows its pages' sizes and draws them.
class Paper {
  constructor(id, type, source, viewer) {
    this.id = id;
    this.type = type;
    this.view = { page: 1, turn: 0, zoom: 0 }; // zoom 0 fits the page, -1 its width
    this.ready = this.load(source, viewer);
    this.ready.catch(() => {});
  }

  async load(source, viewer) {
    const answer = await fetch(source, { credentials: 'same-origin' });
    if (!answer.ok) throw new Error(`the document answered ${answer.status}`);
    if (this.type === 'pdf') return this.loadPDF(await answer.arrayBuffer(), viewer);
    if (this.type !== 'jpeg' && this.type !== 'png') throw new Error('no picture');
    this.address = URL.createObjectURL(await answer.blob());
    this.image = new Image();
    this.image.src = this.address;
    await this.image.decode();
    this.pages = 1;
  }

  async loadPDF(data, viewer) {
    const pdf = await pdfjs(viewer);
    const folder = new URL('.', new URL(viewer.dataset.worker, location.href)).href;
    this.pdf = await pdf.getDocument({
      data, useWasm: false, wasmUrl: folder, cMapUrl: folder, standardFontDataUrl: folder, enableXfa: false,
      useSystemFonts: false, isEvalSupported: false, verbosity: 0,
    }).promise;
    this.pages = this.pdf.numPages;
  }

  // size is that of the page in CSS pixels, turned as it is shown.
  async size() {
    const { page, turn } = this.view;
    let width = this.image?.naturalWidth, height = this.image?.naturalHeight;
    if (this.pdf) ({ width, height } = (await this.pdf.getPage(page)).getViewport({ scale: 1 }));
    return turn % 180 ? { width: height, height: width } : { width, height };
  }

  // draw makes the page's picture at a scale.
  async draw(scale) {
    const { page, turn } = this.view;
    if (this.pdf) return this.drawPDF(await this.pdf.getPage(page), scale, turn);
    const canvas = this.canvas(await this.size(), scale, 1);
    const pen = canvas.getContext('2d');
    pen.imageSmoothingQuality = 'high';
    pen.translate(canvas.width / 2, canvas.height / 2);
    pen.rotate(turn * Math.PI / 180);
    const [width, height] = turn % 180 ? [canvas.height, canvas.width] : [canvas.width, canvas.height];
    pen.drawImage(this.image, -width / 2, -height / 2, width, height);
    return canvas;
  }

  async drawPDF(page, scale, turn) {
    const canvas = this.canvas(await this.size(), scale, 1);
    const viewport = page.getViewport({ scale: canvas.width / (await this.size()).width, rotation: (page.rotate + turn) % 360 });
    await page.render({ canvas, viewport }).promise;
    return canvas;
  }

  // canvas has as many dots as the screen shows, within what browsers can do.
  canvas({ width, height }, scale) {
    const canvas = document.createElement('canvas');
    const dots = Math.min(devicePixelRatio || 1, 2, 8000 / (Math.max(width, height) * scale));
    canvas.width = Math.max(1, Math.round(width * scale * dots));
    canvas.height = Math.max(1, Math.round(height * scale * dots));
    canvas.style.width = `${Math.round(width * scale)}px`;
    canvas.style.height = `${Math.round(height * scale)}px`;
    return canvas;
  }

  async small(width) {
    const before = this.view;
    this.view = { page: 1, turn: before.turn, zoom: 0 };
    const whole = await this.size();
    const drawing = this.draw(width / whole.width);
    this.view = before;
    const canvas = await drawing;
    canvas.removeAttribute('style');
    return canvas;
  }

  close() {
    this.pdf?.loadingTask.destroy();
    if (this.address) URL.revokeObjectURL(this.address);
  }
}

const paperOf = (id, type, source, viewer) => {
  const paper = kept.get(id) ?? new Paper(id, type, source, viewer);
  kept.delete(id);
  kept.set(id, paper);
  paper.ready.catch(() => kept.delete(id)); // another look tries again
  for (const old of [...kept.keys()].slice(0, Math.max(0, kept.size - most))) {
    if (document.querySelector(`[data-document="${CSS.escape(old)}"]`)) continue;
    kept.get(old).close();
    kept.delete(old);
  }
  return paper;
};

// Screen is the part of the page that shows one document.
class Screen {
  constructor(root, viewer) {
    this.root = root;
    this.viewer = viewer;
    this.stage = root.querySelector('[data-stage]');
    this.tools = root.querySelector('[data-tools]');
    const { document: id, type, source } = root.dataset;
    this.paper = paperOf(id, type, source, viewer);
    for (const button of root.querySelectorAll('[data-do]')) button.addEventListener('click', () => this.do(button.dataset.do));
    this.stage.addEventListener('wheel', event => this.wheel(event), { passive: false });
    this.stage.addEventListener('pointerdown', event => this.grab(event));
    new ResizeObserver(() => this.resized()).observe(this.stage);
    this.begin();
  }

  say(key, values = {}) { return (this.viewer.dataset['say' + key] ?? '').replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place); }

  words(text) {
    const p = document.createElement('p');
    p.className = 'stage-words';
    p.textContent = text;
    this.stage.replaceChildren(p);
  }

  async begin() {
    const waiting = setTimeout(() => this.words(this.say('Loading')), 250);
    try {
      await this.paper.ready;
    } catch {
      this.root.dataset.shown = 'failed';
      return this.words(this.say('Failed'));
    } finally {
      clearTimeout(waiting);
    }
    this.tools.hidden = false;
    const pages = this.root.querySelector('[data-pages]');
    pages.hidden = this.paper.pages < 2;
    await this.show();
  }

  async scale() {
    const { zoom } = this.paper.view;
    if (zoom > 0) return zoom;
    const { width, height } = await this.paper.size();
    const style = getComputedStyle(this.stage);
    const across = (this.stage.clientWidth - parseFloat(style.paddingLeft) * 2) / width;
    const down = (this.stage.clientHeight - parseFloat(style.paddingTop) * 2) / height;
    return Math.max(.05, Math.min(zoom < 0 ? across : Math.min(across, down), 6));
  }

  // show draws the page, or says that it can't be: a PDF may have none, or one that is broken.
  async show() {
    const turn = this.turn = {};
    this.place();
    try {
      await this.drawn(turn);
    } catch {
      if (turn !== this.turn) return;
      this.root.dataset.shown = 'failed';
      this.tools.hidden = this.paper.pages < 2;
      this.words(this.say('Failed'));
      announce(this.say('Failed'));
    }
  }

  // place says which page it is, also of one that can't be drawn.
  place() {
    const { paper: { pages, view: { page } } } = this;
    this.root.querySelector('[data-page]').textContent = this.say('Page', { n: page, of: pages });
    this.root.querySelector('[data-do=page-back]').disabled = page <= 1;
    this.root.querySelector('[data-do=page-on]').disabled = page >= pages;
  }

  // drawn draws it; of several that were asked for, the last one stays.
  async drawn(turn) {
    const scale = await this.scale();
    const picture = await this.paper.draw(scale);
    if (turn !== this.turn) return;
    const { page } = this.paper.view;
    picture.setAttribute('role', 'img');
    picture.setAttribute('aria-label', this.root.querySelector('.bar-name').textContent + (this.paper.pages > 1 ? ` (${this.say('Page', { n: page, of: this.paper.pages })})` : ''));
    this.stage.replaceChildren(picture);
    this.shown = scale;
    this.root.dataset.shown = 'yes';
    this.root.dataset.scale = scale.toFixed(3);
    this.root.dataset.turn = this.paper.view.turn;
    this.root.dispatchEvent(new CustomEvent('regain:shown', { bubbles: true, detail: this.paper }));
  }

  resized() {
    if (!this.shown || this.paper.view.zoom > 0) return;
    clearTimeout(this.later);
    this.later = setTimeout(() => this.show(), 120);
  }

  // zoomTo keeps the middle of what is seen in the middle.
  async zoomTo(zoom) {
    const { stage } = this;
    const [x, y] = [(stage.scrollLeft + stage.clientWidth / 2) / stage.scrollWidth, (stage.scrollTop + stage.clientHeight / 2) / stage.scrollHeight];
    this.paper.view.zoom = Math.min(8, Math.max(.1, zoom));
    await this.show();
    stage.scrollTo(x * stage.scrollWidth - stage.clientWidth / 2, y * stage.scrollHeight - stage.clientHeight / 2);
    if (this.root.dataset.shown === 'yes') announce(this.say('Zoom', { percent: Math.round(this.shown * 100) }));
  }

  do(what) {
    if (!this.paper.pages) return;
    const { view, pages } = this.paper;
    switch (what) {
      case 'zoom-in': return this.zoomTo((this.shown ?? 1) * 1.25);
      case 'zoom-out': return this.zoomTo((this.shown ?? 1) / 1.25);
      case 'fit': view.zoom = view.zoom === 0 ? -1 : 0; return this.show();
      case 'rotate': view.turn = (view.turn + 90) % 360; return this.show();
      case 'page-on': return this.page(Math.min(pages, view.page + 1));
      case 'page-back': return this.page(Math.max(1, view.page - 1));
      case 'full': return document.fullscreenElement ? document.exitFullscreen() : this.root.requestFullscreen?.();
    }
  }

  async page(n) {
    if (n === this.paper.view.page) return;
    this.paper.view.page = n;
    await this.show();
    this.stage.scrollTo(0, 0);
    if (this.root.dataset.shown === 'yes') announce(this.say('Page', { n, of: this.paper.pages }));
  }

  wheel(event) {
    if (!event.ctrlKey || !this.shown) return;
    event.preventDefault();
    this.zoomTo(this.shown * (event.deltaY < 0 ? 1.15 : 1 / 1.15));
  }

  // grab moves a page that is larger than its stage, as a hand would.
  grab(event) {
    const { stage } = this;
    if (event.button !== 0 || event.pointerType === 'touch' || stage.scrollWidth <= stage.clientWidth && stage.scrollHeight <= stage.clientHeight) return;
    if (event.offsetX > stage.clientWidth || event.offsetY > stage.clientHeight) return; // on a scroll bar
    const from = { x: event.clientX + stage.scrollLeft, y: event.clientY + stage.scrollTop };
    const move = e => stage.scrollTo(from.x - e.clientX, from.y - e.clientY);
    stage.classList.add('grabbed');
    stage.setPointerCapture(event.pointerId);
    stage.addEventListener('pointermove', move);
    stage.addEventListener('lostpointercapture', () => {
      stage.classList.remove('grabbed');
      stage.removeEventListener('pointermove', move);
    }, { once: true });
  }
}

const announce = text => { const live = document.getElementById('live'); if (live) live.textContent = text; };

// face puts a small picture of a document on its place in the strip.
const face = async (link, paper) => {
  const place = link.querySelector('.thumb-face');
  if (place.dataset.made) return;
  place.dataset.made = 'yes';
  try {
    await paper.ready;
    const picture = paper.picture ??= await paper.small(200);
    const own = document.createElement('canvas');
    own.width = picture.width;
    own.height = picture.height;
    own.getContext('2d').drawImage(picture, 0, 0);
    place.replaceChildren(own);
  } catch { /* its icon stays */ }
};

// faces makes the small pictures, one after the other, once the document itself is there.
const faces = async viewer => {
  let budget = ahead;
  for (const link of viewer.querySelectorAll('[data-thumb][data-source]')) {
    const { thumb: id, type, source, size } = link.dataset;
    if (!viewer.isConnected) return;
    if (type === 'eml') continue;
    if (!kept.has(id)) {
      budget -= Number(size);
      if (budget < 0) continue;
    }
    await face(link, paperOf(id, type, source, viewer));
  }
};

// start brings the viewer of the page to life and gives its screens.
export const start = root => {
  const viewer = root.querySelector('[data-viewer]');
  if (!viewer) return [];
  const screens = [...viewer.querySelectorAll('[data-screen]')].map(part => new Screen(part, viewer));
  const wait = screens.length ? Promise.allSettled(screens.map(s => s.paper.ready)) : Promise.resolve();
  wait.then(() => faces(viewer));
  viewer.querySelector('.thumb[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  return screens;
};
