"use strict";
// The waterfall: draws the rows in sight from columns of numbers, and answers the keyboard.
(() => {
  const by = (id) => document.getElementById(id);
  const rows = by("rows");
  const data = JSON.parse(by("columns").textContent);
  const count = data.depth.length;
  const marks = [[2, "parent missing"], [8, "circle cut"], [4, "same id twice"], [64, "ends before it starts"], [32, "outlives parent"], [16, "not waited for"]];
  const trace = rows.dataset.trace;
  const clocks = rows.dataset.clocks;
  const asked = new URLSearchParams(location.search);

  // ---- state
  const folded = new Uint8Array(count);
  let visible = [];
  // The place of each row among the visible ones; -1 if it is folded away.
  const place = new Int32Array(count);
  let view = [0, Math.max(data.length, 1)];
  let selected = -1;
  let hits = [];
  let hit = -1;
  let isHit = new Set();
  const errors = [];
  for (let row = 0; row < count; row++) if (data.flags[row] & 1) errors.push(row);
  const parent = new Int32Array(count).fill(-1);
  for (let row = 1, above = []; row <= count; row++) {
    above.push(row - 1);
    if (row === count) break;
    above.length = data.depth[row];
    parent[row] = above.length ? above[above.length - 1] : -1;
  }

  // Where the sections and logs of each row begin.
  const group = (flat, size) => {
    const groups = new Map();
    for (let at = 0; at < flat.length; at += size) {
      const list = groups.get(flat[at]);
      if (list) list.push(at); else groups.set(flat[at], [at]);
    }
    return groups;
  };
  const sections = group(data.path, 3);
  const logs = group(data.logs, 2);

  const length = (units) => {
    const ns = units * data.unit;
    if (ns === 0) return "0 s";
    const [one, unit] = [[1e9, "s"], [1e6, "ms"], [1e3, "µs"], [1, "ns"]].find(([one]) => ns >= one * 0.9995) ?? [1, "ns"];
    const value = ns / one;
    if (unit === "s" && value >= 99.95) return `${Math.floor(value / 60)} min ${Math.floor(value % 60)} s`;
    const digits = Number.isInteger(value) || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
    return `${value.toFixed(digits)} ${unit}`;
  };

  // ---- drawing
  const svg = (name, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const key in attributes) element.setAttribute(key, attributes[key]);
    return element;
  };
  const html = (name, attributes, ...children) => {
    const element = document.createElement(name);
    for (const key in attributes) element.setAttribute(key, attributes[key]);
    element.append(...children);
    return element;
  };
  const percent = (units) => (units - view[0]) * 100 / (view[1] - view[0]);
  const id = (row) => data.ids.slice(16 * row, 16 * row + 16);
  const href = (row) => {
    const query = new URLSearchParams(row < 0 ? {} : { span: id(row) });
    if (clocks) query.set("clocks", clocks);
    return `/traces/${trace}${query.size ? `?${query}` : ""}`;
  };

  const draw = (row) => {
    const service = data.services[data.service[row]];
    const colour = data.classes[data.service[row]];
    const failed = data.flags[row] & 1;
    const from = percent(data.from[row]);
    const to = percent(data.from[row] + data.took[row]);
    const link = html("a", { href: href(row), tabindex: -1 }, html("span", { class: `dot ${colour}`, "aria-hidden": true }));
    if (failed) link.append(html("span", { class: "sign", role: "img", "aria-label": "failed" }, "✖"));
    link.append(html("b", {}, service), ` ${data.names[data.name[row]]}`);
    const fold = html("span", { class: "fold", "aria-hidden": true }, data.below[row] ? (folded[row] ? "▸" : "▾") : "");
    const tree = html("div", { class: "tree", role: "gridcell" }, svg("svg", { class: "indent", width: Math.min(data.depth[row], 24) * 12, height: 1 }), fold, link);
    const mark = marks.find(([bit]) => data.flags[row] & bit);
    if (mark) tree.append(html("span", { class: "mark" }, mark[1]));
    if (folded[row]) tree.append(html("span", { class: "mark" }, `+${data.below[row]}`));

    const bar = svg("svg", { class: "bar", "aria-hidden": true });
    // A part that is out of sight is not drawn, since numbers far outside are not exact.
    const rect = (kind, start, end, attributes) => {
      const [left, right] = [Math.max(start, -1), Math.min(end, 101)];
      if (left <= 101 && right >= -1) bar.append(svg("rect", { class: kind, x: `${left.toFixed(3)}%`, width: `${Math.max(right - left, 0.1).toFixed(3)}%`, ...attributes }));
    };
    rect(`b ${colour}`, from, to, { y: 5, height: 14 });
    for (const at of sections.get(row) ?? []) rect("path", percent(data.path[at + 1]), percent(data.path[at + 1] + data.path[at + 2]), { y: 10, height: 4 });
    for (const at of (logs.get(row) ?? []).slice(0, 100)) {
      const x = `${percent(data.logs[at + 1]).toFixed(3)}%`;
      bar.append(svg("line", { class: "log", x1: x, x2: x, y1: 3, y2: 21 }));
    }
    const left = to > 75;
    const label = svg("text", { x: `${Math.max(0, Math.min(100, left && from > 20 ? from : to)).toFixed(3)}%`, y: 16, dx: left ? -4 : 5, "text-anchor": left ? "end" : "start" });
    label.textContent = length(data.took[row]);
    bar.append(label);
    const time = html("div", { class: "time", role: "gridcell", "aria-label": `at ${length(data.from[row])}, took ${length(data.took[row])}` }, bar);

    const element = html("div", {
      class: `row${failed ? " has-error" : ""}${isHit.has(row) ? " is-hit" : ""}`, role: "row", id: `row-${row}`, "data-row": row,
      "aria-level": data.depth[row] + 1, "aria-rowindex": row + 1, "aria-selected": row === selected,
    }, tree, time);
    if (data.below[row]) element.setAttribute("aria-expanded", String(!folded[row]));
    return element;
  };

  let height = 24;
  let drawn = "";
  const paint = (force) => {
    const top = rows.getBoundingClientRect().top;
    const first = Math.max(0, Math.min(visible.length, Math.floor(-top / height) - 20));
    // An even first row keeps the stripes in place.
    const start = first - first % 2;
    const end = Math.min(visible.length, start + Math.ceil(innerHeight / height) + 40);
    const now = `${start}-${end}`;
    if (now === drawn && !force) return;
    drawn = now;
    const fresh = document.createDocumentFragment();
    for (let at = start; at < end; at++) fresh.append(draw(visible[at]));
    const frame = by("window");
    frame.replaceChildren(fresh);
    frame.style.transform = `translateY(${start * height}px)`;
    if (selected >= 0) rows.setAttribute("aria-activedescendant", `row-${selected}`);
  };
  const layout = () => {
    visible = [];
    place.fill(-1);
    for (let row = 0; row < count; row += folded[row] ? data.below[row] + 1 : 1) {
      place[row] = visible.length;
      visible.push(row);
    }
    height = parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--row")) || 24;
    rows.style.height = `${visible.length * height}px`;
    paint(true);
  };
  let waiting = false;
  const later = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; paint(false); });
  };

  const axis = () => {
    const ticks = [0, 1, 2, 3].map((tick) => {
      const x = `${tick * 25}%`;
      const mark = svg("svg", { class: "tick" });
      const text = svg("text", { x, dx: 4, y: 15 });
      text.textContent = length(Math.round(view[0] + (view[1] - view[0]) * tick / 4));
      mark.append(svg("line", { x1: x, x2: x, y1: 0, y2: "100%" }), text);
      return mark;
    });
    by("axis").replaceChildren(...ticks);
  };

  // ---- overview
  const canvas = by("overview");
  const overview = (dragged) => {
    canvas.width = canvas.clientWidth * devicePixelRatio;
    canvas.height = canvas.clientHeight * devicePixelRatio;
    const [width, tall] = [canvas.width, canvas.height];
    const pen = canvas.getContext("2d");
    const style = getComputedStyle(document.documentElement);
    const probe = html("span", { hidden: true });
    document.body.append(probe);
    const colours = data.classes.map((name) => { probe.style.color = style.getPropertyValue(`--${name.split(" ")[0]}`); return getComputedStyle(probe).color; });
    probe.style.color = style.getPropertyValue("--text");
    const text = getComputedStyle(probe).color;
    probe.remove();
    const total = Math.max(data.length, 1);
    const thick = Math.max(1, tall / count);
    for (let row = 0; row < count; row++) {
      pen.fillStyle = colours[data.service[row]];
      pen.fillRect(data.from[row] / total * width, row / count * tall, Math.max(1, data.took[row] / total * width), thick);
    }
    const [from, to] = (dragged ?? view).map((units) => units / total * width);
    pen.fillStyle = text;
    pen.globalAlpha = 0.25;
    pen.fillRect(0, 0, from, tall);
    pen.fillRect(to, 0, width - to, tall);
  };
  const zoom = (from, to) => {
    view = to - from < 2 ? [0, Math.max(data.length, 1)] : [Math.max(0, from), Math.min(to, Math.max(data.length, 1))];
    by("zoom-out").hidden = view[0] === 0 && view[1] >= data.length;
    axis();
    overview();
    paint(true);
  };
  let dragFrom;
  const unitsAt = (event) => {
    const box = canvas.getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)) * data.length;
  };
  const dragged = (event) => [dragFrom, unitsAt(event)].sort((a, b) => a - b);
  canvas.addEventListener("pointerdown", (event) => { dragFrom = unitsAt(event); canvas.setPointerCapture(event.pointerId); });
  canvas.addEventListener("pointermove", (event) => { if (dragFrom !== undefined) overview(dragged(event)); });
  canvas.addEventListener("pointerup", (event) => {
    if (dragFrom === undefined) return;
    zoom(...dragged(event));
    dragFrom = undefined;
  });

  // ---- selection and details
  const panel = by("panel");
  let request = 0;
  const details = async (row) => {
    const own = ++request;
    const query = new URLSearchParams({ row });
    if (clocks) query.set("clocks", clocks);
    const answer = await fetch(`/traces/${trace}/spans/${id(row)}?${query}`);
    if (own !== request) return;
    if (answer.ok) panel.innerHTML = await answer.text();
    else panel.textContent = "The viewer does not have this span any more.";
    panel.hidden = false;
    panel.dispatchEvent(new Event("viewer:replaced", { bubbles: true }));
  };
  const closePanel = () => {
    request++;
    panel.hidden = true;
    history.replaceState(null, "", href(-1));
  };
  const reveal = (row) => {
    let changed = false;
    for (let above = parent[row]; above >= 0; above = parent[above]) {
      if (folded[above]) { folded[above] = 0; changed = true; }
    }
    if (changed) layout();
    const box = rows.getBoundingClientRect();
    const top = box.top + place[row] * height;
    const bottom = matchMedia("(max-width: 1000px)").matches && !panel.hidden ? innerHeight * 0.4 : innerHeight;
    if (top < 32 || top + height > bottom) scrollBy(0, top - bottom / 2);
  };
  const select = (row, open) => {
    if (row < 0 || row >= count) return;
    selected = row;
    reveal(row);
    paint(true);
    if (open || !panel.hidden) {
      history.replaceState(null, "", href(row));
      details(row);
    }
  };
  const fold = (row, close) => {
    if (!data.below[row]) return;
    folded[row] = close ? 1 : 0;
    layout();
  };
  rows.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    const element = event.target.closest(".row");
    if (!element) return;
    event.preventDefault();
    const row = Number(element.dataset.row);
    if (event.target.closest(".fold") && data.below[row]) fold(row, !folded[row]);
    else { rows.focus({ preventScroll: true }); select(row, true); }
  });
  rows.addEventListener("focus", () => { if (selected < 0 && count) { selected = 0; paint(true); } });
  panel.addEventListener("click", (event) => {
    if (event.target.closest(".close")) { event.preventDefault(); closePanel(); rows.focus({ preventScroll: true }); return; }
    const link = event.target.closest(`a[href^="/traces/${trace}?span="]`);
    const found = link && rowOf(new URL(link.href).searchParams.get("span"));
    if (found >= 0) { event.preventDefault(); select(found, true); }
  });
  const rowOf = (span) => {
    for (let at = data.ids.indexOf(span); at >= 0; at = data.ids.indexOf(span, at + 1)) if (at % 16 === 0) return at / 16;
    return -1;
  };

  // ---- find
  const findText = by("find-text");
  const say = (text) => { by("find-count").textContent = text; };
  let searching = 0;
  const find = async () => {
    const own = ++searching;
    const text = findText.value.trim();
    if (!text) { hits = []; isHit = new Set(); hit = -1; say(""); paint(true); return; }
    const query = new URLSearchParams({ text });
    if (clocks) query.set("clocks", clocks);
    const answer = await fetch(`/traces/${trace}/find?${query}`);
    if (own !== searching || !answer.ok) return;
    const found = await answer.json();
    if (found.count !== count) by("grown").hidden = false;
    hits = found.rows.filter((row) => row < count);
    isHit = new Set(hits);
    hit = -1;
    if (hits.length) step(1); else { say("no hit"); paint(true); }
  };
  const step = (by) => {
    if (!hits.length) return;
    hit = (hit + by + hits.length) % hits.length;
    say(`${hit + 1} of ${hits.length}`);
    select(hits[hit], false);
  };
  let typing;
  findText.addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(find, 150); });
  by("find").addEventListener("submit", (event) => { event.preventDefault(); if (hits.length) step(1); else find(); });
  by("find-next").addEventListener("click", () => step(1));
  by("find-prev").addEventListener("click", () => step(-1));
  const nextError = (by) => {
    if (!errors.length) return;
    const after = by > 0 ? errors.find((row) => row > selected) : errors.findLast((row) => row < selected);
    select(after ?? (by > 0 ? errors[0] : errors[errors.length - 1]), false);
  };

  // ---- keys
  const help = by("help");
  const move = (by) => select(visible[Math.max(0, Math.min(visible.length - 1, (selected < 0 ? -Math.sign(by) : place[selected]) + by))], false);
  const page = () => Math.max(1, Math.floor(innerHeight / height) - 3);
  const keys = {
    ArrowDown: () => move(1), j: () => move(1),
    ArrowUp: () => move(-1), k: () => move(-1),
    PageDown: () => move(page()), PageUp: () => move(-page()),
    Home: () => move(-count), End: () => move(count),
    ArrowRight: () => { if (folded[selected]) fold(selected, false); else if (data.below[selected]) select(selected + 1, false); },
    ArrowLeft: () => { if (data.below[selected] && !folded[selected]) fold(selected, true); else select(parent[selected], false); },
    Enter: () => select(selected, true),
    " ": () => select(selected, true),
    Escape: closePanel,
    n: () => step(1), p: () => step(-1),
    e: () => nextError(1), E: () => nextError(-1),
    z: () => { if (selected >= 0) { const room = data.took[selected] * 0.05; zoom(data.from[selected] - room, data.from[selected] + data.took[selected] + room); } },
    0: () => zoom(0, 0),
    "/": () => { findText.focus(); findText.select(); },
    "?": () => help.showModal(),
  };
  keys.l = keys.ArrowRight;
  keys.h = keys.ArrowLeft;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    const target = event.target;
    if (target === findText) {
      if (event.key === "Escape") { findText.blur(); rows.focus({ preventScroll: true }); }
      return;
    }
    if (target.closest("input, select, textarea")) return;
    // Buttons and links keep their own keys.
    if (target !== rows && target.closest("a, button, summary") && ["Enter", " "].includes(event.key)) return;
    const action = keys[event.key];
    if (!action) return;
    event.preventDefault();
    action();
    if (["/", "?"].includes(event.key)) return;
    rows.focus({ preventScroll: true });
  });

  // ---- buttons
  const show = (name, action) => { by(name).hidden = false; by(name).addEventListener("click", action); };
  show("help-open", () => help.showModal());
  show("fold-all", () => { for (let row = 0; row < count; row++) folded[row] = data.below[row] && data.depth[row] > 0 ? 1 : 0; layout(); });
  show("unfold-all", () => { folded.fill(0); layout(); });
  if (errors.length) show("next-error", () => nextError(1));
  by("find").hidden = false;
  by("zoom-out").addEventListener("click", () => zoom(0, 0));
  if (navigator.clipboard) {
    show("share", async () => {
      await navigator.clipboard.writeText(location.href);
      by("share").textContent = "Copied";
    });
  }

  // ---- new spans of this trace
  let source;
  const listen = () => {
    source = new EventSource("/events");
    source.addEventListener("spans", (event) => { if (JSON.parse(event.data).traces.includes(trace)) by("grown").hidden = false; });
  };
  document.addEventListener("visibilitychange", () => { if (document.hidden) { source?.close(); source = undefined; } else if (!source) listen(); });
  window.addEventListener("pagehide", () => source?.close());

  rows.classList.add("drawn");
  canvas.hidden = false;
  layout();
  axis();
  overview();
  const wanted = asked.get("span") ? rowOf(asked.get("span")) : -1;
  if (wanted >= 0) { selected = wanted; reveal(wanted); paint(true); }
  addEventListener("scroll", later, { passive: true });
  addEventListener("resize", () => { layout(); overview(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => overview());
  if (!document.hidden) listen();
  document.documentElement.dataset.drawn = String(count);
  performance.mark("viewer:drawn");
})();
