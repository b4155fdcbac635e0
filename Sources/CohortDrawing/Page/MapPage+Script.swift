extension MapPage {
  /// The program of a page: the same for all maps. Texts reach the document as text nodes only.
  static let script = "\n\"use strict\";\n(() => {\n\(scriptOfData)\(scriptOfPicture)\(scriptOfHands)})();\n"

  /// Reads the data, and sorts the points into cells, so that those of a region can be found and drawn together.
  private static let scriptOfData = #"""
    const $ = (id) => document.getElementById(id);
    const taken = (id) => { const from = $(id), text = from.textContent; from.remove(); return text; };
    const bytes = (id) => {
      const text = atob(taken(id)), result = new Uint8Array(text.length);
      for (let i = 0; i < result.length; i++) result[i] = text.charCodeAt(i);
      return result;
    };
    const meta = JSON.parse(taken("meta")), N = meta.count, LAST = 16777215;
    const number = (value) => value.toLocaleString("en");
    const ids = bytes("ids");
    const idOf = (point) => {
      if (!meta.ids.width) return String(BigInt(meta.ids.first) + BigInt(point));
      let value = 0n;
      for (let k = meta.ids.width - 1; k >= 0; k--) value = value << 8n | BigInt(ids[point * meta.ids.width + k]);
      return String(value);
    };
    const columns = meta.columns.map((column, index) => {
      const raw = bytes("c" + index);
      if (column.names) {
        column.of = column.width === 1 ? raw : column.width === 2 ? new Uint16Array(raw.buffer) : new Uint32Array(raw.buffer);
      } else {
        column.of = raw;
        column.values = new Float32Array(bytes("v" + index).buffer);
      }
      return column;
    });
    const texts = meta.texts ? JSON.parse(taken("texts")) : null;
    const labels = meta.labels.map(([text, x, y]) => ({ text, x: x / LAST, y: y / LAST }));

    // Points in the order of their cells: px and py from 0 to 1, who[i] the point's place in the data.
    const SIDE = Math.max(1, Math.min(512, Math.round(Math.sqrt(N / 16))));
    const px = new Float32Array(N), py = new Float32Array(N), who = new Uint32Array(N);
    const start = new Uint32Array(SIDE * SIDE + 1);
    {
      const xs = bytes("x"), ys = bytes("y"), cell = new Uint32Array(N);
      const value = (from, i) => (from[3 * i] | from[3 * i + 1] << 8 | from[3 * i + 2] << 16) / LAST;
      const at = (place) => Math.min(SIDE - 1, Math.floor(place * SIDE));
      for (let i = 0; i < N; i++) start[(cell[i] = at(value(ys, i)) * SIDE + at(value(xs, i))) + 1]++;
      for (let k = 0; k < SIDE * SIDE; k++) start[k + 1] += start[k];
      const next = start.slice();
      for (let i = 0; i < N; i++) {
        const to = next[cell[i]]++;
        who[to] = i; px[to] = value(xs, i); py[to] = value(ys, i);
      }
    }
    // Calls use(first, end) for runs of points that hold all those of a region.
    const region = (left, top, right, bottom, use) => {
      const clamp = (v) => Math.max(0, Math.min(SIDE - 1, Math.floor(v * SIDE)));
      if (right < 0 || bottom < 0 || left > 1 || top > 1) return;
      const a = clamp(left), b = clamp(right);
      for (let row = clamp(top), end = clamp(bottom); row <= end; row++) use(start[row * SIDE + a], start[row * SIDE + b + 1]);
    };

    """#

  /// Draws: points into sums of colour for each pixel, labels and marks on a canvas above.
  private static let scriptOfPicture = #"""
    const canvas = $("points"), marks = $("marks");
    const brush = canvas.getContext("2d", { alpha: false }), pen = marks.getContext("2d");
    const view = { x: .5, y: .5, scale: 1 };  // the middle of the screen, and its pixels from 0 to 1
    const state = {
      column: meta.colour, picked: new Set(), match: null, found: [], words: true, hover: -1, kept: false, keys: false,
    };
    let width = 1, height = 1, ratio = 1, fit = 1, W = 1, H = 1, sums, image, pixels, isDue = false;
    const PAD = 12, rgb = new Uint32Array(N), shade = new Uint8Array(N).fill(2);
    const isDark = () => document.documentElement.dataset.theme === "dark";

    const recolour = () => {
      const column = state.column === null ? null : columns[state.column];
      const palette = !column ? [meta.plain] : column.names ? column.colours : meta.ramps[isDark() ? "dark" : "light"];
      for (let i = 0; i < N; i++) rgb[i] = palette[column ? column.of[who[i]] : 0];
      const only = column && column.names && state.picked.size ? new Uint8Array(column.names.length) : null;
      if (only) for (const k of state.picked) only[k] = 1;
      for (let i = 0; i < N; i++) {
        const point = who[i];
        shade[i] = (only && !only[column.of[point]]) || (state.match && !state.match[point]) ? 1 : 2;
      }
      redraw();
    };
    const redraw = () => {
      if (!isDue) { isDue = true; requestAnimationFrame(() => { isDue = false; drawPoints(); drawMarks(); }); }
    };
    const resize = () => {
      const isWhole = view.scale === fit;
      width = Math.max(1, marks.clientWidth); height = Math.max(1, marks.clientHeight);
      ratio = Math.min(window.devicePixelRatio || 1, Math.sqrt(4e6 / (width * height)));
      W = Math.max(1, Math.round(width * ratio)); H = Math.max(1, Math.round(height * ratio));
      canvas.width = marks.width = W; canvas.height = marks.height = H;
      sums = new Float32Array((W + 2 * PAD) * (H + 2 * PAD) * 4);
      image = brush.createImageData(W, H);
      pixels = new Uint32Array(image.data.buffer);
      fit = Math.max(1, Math.min(width, height) - 48);
      if (isWhole) whole(); else redraw();
    };
    const whole = () => { view.x = view.y = .5; view.scale = fit; redraw(); };

    // A disc for each of 4 x 4 places of its middle within a pixel: how much of each pixel it covers.
    const discs = (radius, row) => Array.from({ length: 16 }, (_, place) => {
      const mx = ((place & 3) + .5) / 4, my = ((place >> 2) + .5) / 4, reach = Math.floor(radius + 1.5), at = [], weight = [];
      for (let y = -reach; y <= reach; y++) for (let x = -reach; x <= reach; x++) {
        const w = Math.min(1, radius + .5 - Math.hypot(x + .5 - mx, y + .5 - my));
        if (w > .02) { at.push((y * row + x) * 4); weight.push(w); }
      }
      return { at: Int32Array.from(at), weight: Float32Array.from(weight) };
    });
    const drawPoints = () => {
      const s = view.scale * ratio, ox = W / 2 - view.x * s + PAD, oy = H / 2 - view.y * s + PAD, row = W + 2 * PAD;
      const zoom = Math.max(view.scale / fit, .01), edge = PAD / s;
      const runs = [];
      let seen = 0;
      region(view.x - W / 2 / s - edge, view.y - H / 2 / s - edge, view.x + W / 2 / s + edge, view.y + H / 2 / s + edge,
        (a, b) => { if (a < b) { runs.push(a, b); seen += b - a; } });
      const each = fit * ratio / Math.sqrt(Math.max(N, 1));
      let radius = Math.min(Math.max(each * .36, .6) * Math.sqrt(Math.max(zoom, .5)), 6 * ratio, PAD - 2);
      // A frame has about five million pixels to give away.
      if (seen) radius = Math.min(radius, Math.max(.6, Math.sqrt(5e6 / seen / Math.PI) - .5));
      const opacity = Math.min(Math.max(1.3 - .15 * Math.log10(Math.max(N, 1) / (zoom * zoom)), .3), .92);
      const isDot = radius < .8, shapes = isDot ? null : discs(radius, row), most = [row - 3, H + 2 * PAD - 3];
      sums.fill(0);
      for (let k = 0; k < runs.length; k += 2) for (let i = runs[k], end = runs[k + 1]; i < end; i++) {
        const x = px[i] * s + ox, y = py[i] * s + oy;
        if (!(x >= PAD - 10 && y >= PAD - 10 && x < W + PAD + 10 && y < H + PAD + 10)) continue;
        const c = rgb[i], r = c >> 16, g = c >> 8 & 255, b = c & 255, w = shade[i] === 2 ? 1 : .06;
        const ix = x | 0, iy = y | 0, at = (iy * row + ix) * 4;
        if (isDot) { sums[at] += r * w; sums[at + 1] += g * w; sums[at + 2] += b * w; sums[at + 3] += w; continue; }
        const disc = shapes[((y - iy) * 4 & 3) << 2 | (x - ix) * 4 & 3], where = disc.at, cover = disc.weight;
        for (let j = 0; j < where.length; j++) {
          const to = at + where[j], v = w * cover[j];
          if (to < 0) continue;
          sums[to] += r * v; sums[to + 1] += g * v; sums[to + 2] += b * v; sums[to + 3] += v;
        }
      }
      const ground = isDark() ? 0x16181c : 0xffffff, br = ground >> 16, bg = ground >> 8 & 255, bb = ground & 255;
      const solid = new Float32Array(1025), step = Math.pow(1 - opacity, 1 / 32);
      for (let k = 0, clear = 1; k <= 1024; k++, clear *= step) solid[k] = 1 - clear;
      pixels.fill(0xff000000 | bb << 16 | bg << 8 | br);
      for (let y = 0; y < H; y++) {
        for (let x = 0, from = ((y + PAD) * row + PAD) * 4 + 3, to = y * W; x < W; x++, from += 4, to++) {
          const w = sums[from];
          if (w === 0) continue;
          const a = solid[w >= 32 ? 1024 : Math.ceil(w * 32)], part = a / w, rest = 1 - a;
          pixels[to] = 0xff000000 | (sums[from - 1] * part + bb * rest + .5) << 16
            | (sums[from - 2] * part + bg * rest + .5) << 8 | (sums[from - 3] * part + br * rest + .5);
        }
      }
      brush.putImageData(image, 0, 0);
    };

    const onScreen = (x, y) => [(x - view.x) * view.scale + width / 2, (y - view.y) * view.scale + height / 2];
    const drawMarks = () => {
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      pen.clearRect(0, 0, width, height);
      const [ink, ground] = isDark() ? ["#e4e4e4", "#16181c"] : ["#222", "#fff"];
      if (state.words) {
        pen.font = "500 12.5px system-ui, sans-serif"; pen.textAlign = "center"; pen.textBaseline = "middle";
        pen.lineJoin = "round"; pen.lineWidth = 4; pen.strokeStyle = ground; pen.fillStyle = ink;
        const boxes = [], most = Math.max(12, width * height / 28000);
        for (const label of labels) {
          const [x, y] = onScreen(label.x, label.y);
          if (x < -100 || y < 0 || x > width + 100 || y > height) continue;
          label.width ??= pen.measureText(label.text).width;
          const half = label.width / 2 + 10;
          if (boxes.some((box) => Math.abs(box.x - x) < box.half + half && Math.abs(box.y - y) < 26)) continue;
          boxes.push({ x, y, half });
          if (boxes.length > most) break;
          pen.strokeText(label.text, x, y); pen.fillText(label.text, x, y);
        }
      }
      pen.lineWidth = 1.5; pen.strokeStyle = ink;
      for (const i of state.found) {
        const [x, y] = onScreen(px[i], py[i]);
        if (x < -9 || y < -9 || x > width + 9 || y > height + 9) continue;
        pen.beginPath(); pen.arc(x, y, 6, 0, 7); pen.stroke();
      }
      if (state.keys) {
        pen.strokeStyle = ink; pen.lineWidth = 1; pen.beginPath();
        pen.moveTo(width / 2 - 8, height / 2); pen.lineTo(width / 2 + 8, height / 2);
        pen.moveTo(width / 2, height / 2 - 8); pen.lineTo(width / 2, height / 2 + 8); pen.stroke();
      }
      if (state.hover >= 0) {
        const [x, y] = onScreen(px[state.hover], py[state.hover]);
        pen.beginPath(); pen.arc(x, y, 8, 0, 7); pen.lineWidth = 4; pen.strokeStyle = ground; pen.stroke();
        pen.lineWidth = 2; pen.strokeStyle = ink; pen.stroke();
        placeCard(x, y);
      }
    };
    const placeCard = (x, y) => {
      const card = $("card"), w = card.offsetWidth, h = card.offsetHeight;
      const left = x + 16 + w < width ? x + 16 : x - 16 - w, top = Math.min(Math.max(8, y - h / 2), height - h - 8);
      card.style.transform = `translate(${Math.round(Math.max(4, left))}px, ${Math.round(Math.max(4, top))}px)`;
    };

    """#
}
