extension MapPage {
  /// Mouse, touch and keys; the card, the search and the legend.
  static let scriptOfHands = #"""
    const made = (kind, text, properties) =>
      Object.assign(document.createElement(kind), { textContent: text ?? "" }, properties);
    const css = (value) => "#" + value.toString(16).padStart(6, "0");
    const named = (column, point) => column.names ? column.names[column.of[point]]
      : number(column.values[point]) + (column.unit ? " " + column.unit : "");

    const nearest = (x, y, reach) => {
      const mx = (x - width / 2) / view.scale + view.x, my = (y - height / 2) / view.scale + view.y, r = reach / view.scale;
      let best = -1, least = r * r;
      region(mx - r, my - r, mx + r, my + r, (a, b) => {
        for (let i = a; i < b; i++) {
          const dx = px[i] - mx, dy = py[i] - my, d = dx * dx + dy * dy;
          if (d < least && shade[i] === 2) { least = d; best = i; }
        }
      });
      return best;
    };
    const show = (at, isKept) => {
      const card = $("card");
      state.kept = isKept && at >= 0;
      card.classList.toggle("kept", state.kept);
      if (at !== state.hover) {
        state.hover = at;
        card.hidden = at < 0;
        if (at >= 0) {
          const point = who[at];
          const line = (name, value) => {
            const row = made("div");
            row.append(made("b", name), made("span", value));
            return row;
          };
          card.replaceChildren(line("id", idOf(point)), ...columns.map((column) => line(column.name, named(column, point))));
          if (texts && texts[point]) card.append(made("p", texts[point].replace(/\s*\n\s*/g, "\n")));
        }
      }
      drawMarks();
    };
    const tell = () => {
      if (state.kept) return;
      show(nearest(width / 2, height / 2, 60), false);
      const words = (row) => [...row.childNodes].map((part) => part.textContent).join(" ");
      $("said").textContent = state.hover < 0 ? "" : [...$("card").children].map(words).join(", ");
    };

    const zoomAt = (x, y, factor) => {
      const scale = Math.min(Math.max(view.scale * factor, fit * .5), fit * 1e4);
      const mx = (x - width / 2) / view.scale + view.x, my = (y - height / 2) / view.scale + view.y;
      view.x = mx - (x - width / 2) / scale; view.y = my - (y - height / 2) / scale; view.scale = scale;
      redraw();
    };
    const move = (dx, dy) => {
      view.x = Math.min(Math.max(view.x - dx / view.scale, -.2), 1.2);
      view.y = Math.min(Math.max(view.y - dy / view.scale, -.2), 1.2);
      redraw();
    };
    const fingers = new Map();
    let travelled = 0;
    const spot = (event) => {
      const box = marks.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    marks.addEventListener("wheel", (event) => {
      event.preventDefault();
      const unit = event.deltaMode === 1 ? 30 : event.deltaMode === 2 ? 300 : 1;
      zoomAt(...spot(event), Math.exp(-Math.max(-300, Math.min(300, event.deltaY * unit)) * .002));
    }, { passive: false });
    marks.addEventListener("pointerdown", (event) => {
      marks.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, spot(event));
      if (fingers.size === 1) travelled = 0;
      state.keys = false;
    });
    marks.addEventListener("pointermove", (event) => {
      const now = spot(event), before = fingers.get(event.pointerId);
      if (!before) {
        state.keys = false;
        if (!state.kept) show(nearest(...now, 12), false);
        return;
      }
      const [dx, dy] = [now[0] - before[0], now[1] - before[1]];
      travelled += Math.abs(dx) + Math.abs(dy);
      if (fingers.size === 2) {
        const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
        const gap = (from) => Math.max(10, Math.hypot(from[0] - other[0], from[1] - other[1]));
        zoomAt((now[0] + other[0]) / 2, (now[1] + other[1]) / 2, gap(now) / gap(before));
        move(dx / 2, dy / 2);
      } else if (travelled > 4) {
        marks.classList.add("moving");
        move(dx, dy);
      }
      fingers.set(event.pointerId, now);
    });
    const lift = (event) => {
      if (fingers.delete(event.pointerId) && event.type === "pointerup" && travelled <= 4) {
        const at = nearest(...spot(event), 12);
        show(at, at >= 0 && !(state.kept && at === state.hover));
      }
      if (!fingers.size) marks.classList.remove("moving");
    };
    marks.addEventListener("pointerup", lift);
    marks.addEventListener("pointercancel", lift);
    marks.addEventListener("pointerleave", () => { if (!state.kept && !state.keys) show(-1, false); });
    marks.addEventListener("dblclick", (event) => zoomAt(...spot(event), 2));
    marks.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const far = Math.min(width, height) / (event.shiftKey ? 3 : 10);
      const acts = {
        ArrowLeft: () => move(far, 0), ArrowRight: () => move(-far, 0),
        ArrowUp: () => move(0, far), ArrowDown: () => move(0, -far),
        "+": () => zoomAt(width / 2, height / 2, 1.4), "=": () => zoomAt(width / 2, height / 2, 1.4),
        "-": () => zoomAt(width / 2, height / 2, 1 / 1.4), "0": whole, Home: whole,
        Enter: () => show(state.hover, !state.kept), Escape: () => show(-1, false),
      };
      if (!acts[event.key]) return;
      event.preventDefault();
      state.keys = true;
      acts[event.key]();
      if (event.key !== "Enter" && event.key !== "Escape") tell();
    });
    document.addEventListener("keydown", (event) => {
      if (event.key !== "/" || /^(input|select|textarea)$/i.test(event.target.tagName)) return;
      event.preventDefault();
      $("query").focus();
    });

    let lower = null, waiting = 0;
    // Whether a point has an id, without making a text of each.
    const idTest = (id) => {
      if (!/^\d{1,20}$/.test(id)) return () => false;
      if (!meta.ids.width) { const only = Number(BigInt(id) - BigInt(meta.ids.first)); return (point) => point === only; }
      const wide = meta.ids.width, wanted = Array.from({ length: wide }, (_, k) => Number(BigInt(id) >> BigInt(8 * k) & 255n));
      if (BigInt(id) >> BigInt(8 * wide)) return () => false;
      return (point) => wanted.every((byte, k) => ids[point * wide + k] === byte);
    };
    const search = () => {
      const query = $("query").value.trim().toLowerCase(), results = $("results");
      results.replaceChildren();
      state.found = [];
      if (!query) { state.match = null; $("found").textContent = ""; recolour(); return; }
      const match = new Uint8Array(N), first = [], id = query.replace(/^#/, "");
      const parts = columns.filter((column) => column.names)
        .map((column) => ({ of: column.of, has: column.names.map((name) => name.toLowerCase().includes(query)) }))
        .filter((part) => part.has.includes(true));
      const isId = idTest(id);
      if (texts) lower ??= texts.map((text) => text.toLowerCase());
      let count = 0;
      for (let i = 0; i < N; i++) {
        const point = who[i];
        if (!((lower && lower[point].includes(query)) || parts.some((part) => part.has[part.of[point]])
          || isId(point))) continue;
        match[point] = 1; count++;
        if (first.length <= 500) first.push(i);
      }
      state.match = match;
      // Few would be lost among the many: they get rings.
      if (count <= 500) state.found = first;
      const rest = count > 50 ? ", the first 50 here" : "";
      $("found").textContent = count === 1 ? "1 sample" : `${number(count)} samples${rest}`;
      for (const i of first.slice(0, 50)) {
        const item = made("li"), button = made("button", "", { type: "button" });
        const told = texts ? texts[who[i]] : columns.map((column) => named(column, who[i])).join(", ");
        button.append(made("b", idOf(who[i])), made("span", told));
        button.addEventListener("click", () => {
          view.x = px[i]; view.y = py[i]; view.scale = Math.max(view.scale, fit * 8);
          redraw(); show(i, true);
        });
        item.append(button); results.append(item);
      }
      recolour();
    };
    $("query").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(search, 200); });
    $("query").addEventListener("keydown", (event) => {
      if (event.key === "Escape") { $("query").value = ""; search(); marks.focus(); }
    });

    const legend = () => {
      const column = state.column === null ? null : columns[state.column], box = $("legend");
      box.replaceChildren();
      box.classList.toggle("picked", state.picked.size > 0);
      if (!column) return;
      if (!column.names) {
        const ramp = made("div", "", { id: "ramp" }), ticks = made("div", "", { className: "ticks" });
        ramp.style.background = `linear-gradient(90deg, ${meta.ramps[isDark() ? "dark" : "light"].map(css).join()})`;
        ticks.append(...column.ticks.map((tick) => made("span", number(tick))));
        const told = "Colours follow ranks: a quarter of the samples lies between two numbers.";
        box.append(ramp, ticks, made("p", told, { className: "rest" }));
        return;
      }
      for (const k of column.order.slice(0, 300)) {
        const button = made("button", "", { type: "button" }), swatch = made("i", "", { className: "swatch" });
        swatch.style.background = css(column.colours[k]);
        button.setAttribute("aria-pressed", state.picked.has(k));
        button.append(swatch, made("span", column.names[k]), made("small", number(column.counts[k])));
        button.addEventListener("click", () => {
          if (!state.picked.delete(k)) state.picked.add(k);
          button.setAttribute("aria-pressed", state.picked.has(k));
          box.classList.toggle("picked", state.picked.size > 0);
          recolour();
        });
        box.append(button);
      }
      const hidden = column.order.length - 300;
      if (hidden > 0) box.append(made("p", `and ${number(hidden)} more: search for their names`, { className: "rest" }));
    };
    const choice = $("column");
    choice.append(made("option", "none", { value: "" }));
    choice.append(...columns.map((column, index) => made("option", column.name, { value: index })));
    choice.value = state.column ?? "";
    choice.addEventListener("change", () => {
      state.column = choice.value === "" ? null : Number(choice.value);
      state.picked.clear(); legend(); recolour();
    });
    const dress = (theme) => { document.documentElement.dataset.theme = theme; legend(); recolour(); };
    const wish = matchMedia("(prefers-color-scheme: dark)");
    wish.addEventListener("change", () => dress(wish.matches ? "dark" : "light"));
    $("theme").addEventListener("click", () => dress(isDark() ? "light" : "dark"));
    $("whole").addEventListener("click", whole);
    $("words").addEventListener("click", () => {
      state.words = !state.words;
      $("words").setAttribute("aria-pressed", state.words);
      redraw();
    });
    $("count").textContent = N === 0 ? "There are no samples." : N === 1 ? "1 sample" : `${number(N)} samples`;
    $("loading").remove();
    view.scale = fit;
    resize();
    dress(wish.matches ? "dark" : "light");
    new ResizeObserver(resize).observe(marks);

    """#
}
