"use strict";
// What all pages do: times in the zone of the reader, and files dropped or chosen to be loaded.
(() => {
  const by = (id) => document.getElementById(id);

  // One switch for all times; UTC until the reader wants local time.
  const local = () => { try { return localStorage.getItem("viewer-zone") === "local"; } catch { return false; } };
  const pad = (number, digits) => String(number).padStart(digits, "0");
  const offset = (date) => {
    const minutes = -date.getTimezoneOffset();
    const sign = minutes < 0 ? "−" : "+";
    return `UTC${sign}${pad(Math.floor(Math.abs(minutes) / 60), 2)}:${pad(Math.abs(minutes) % 60, 2)}`;
  };
  const shown = (date) => local()
    ? `${date.getFullYear()}-${pad(date.getMonth() + 1, 2)}-${pad(date.getDate(), 2)} ${pad(date.getHours(), 2)}:${pad(date.getMinutes(), 2)}:${pad(date.getSeconds(), 2)}.${pad(date.getMilliseconds(), 3)} ${offset(date)}`
    : `${date.toISOString().slice(0, 10)} ${date.toISOString().slice(11, 23)} UTC`;
  const zones = (root) => {
    for (const time of root.querySelectorAll("time[datetime]")) {
      const date = new Date(time.dateTime.replace(/(\.\d{3})\d*/, "$1"));
      if (!isNaN(date)) {
        time.textContent = shown(date);
        time.title = time.dateTime;
      }
    }
    for (const zone of root.querySelectorAll(".zone")) {
      zone.textContent = local() ? `(${offset(new Date())})` : "(UTC)";
    }
  };
  const zone = document.createElement("button");
  zone.type = "button";
  zone.id = "zone";
  const label = () => { zone.textContent = local() ? "local time" : "UTC"; zone.setAttribute("aria-pressed", String(local())); };
  zone.title = "Show times in UTC or in local time";
  zone.addEventListener("click", () => {
    try { localStorage.setItem("viewer-zone", local() ? "utc" : "local"); } catch { /* remembered for this page only */ }
    label();
    zones(document);
  });
  label();
  document.querySelector(".theme")?.append(zone);
  if (local()) zones(document);
  document.addEventListener("viewer:replaced", (event) => { if (local()) zones(event.target); });

  // A file with spans.
  const load = async (file) => {
    const problem = by("loaded");
    try {
      const answer = await fetch("/load", { method: "POST", headers: { "Content-Type": "application/json" }, body: file });
      const result = await answer.json().catch(() => ({ error: `the viewer answered ${answer.status}` }));
      if (!answer.ok) throw new Error(result.error);
      location.href = result.location;
    } catch (error) {
      if (!problem) return;
      problem.textContent = `${file.name} was not loaded: ${error.message}`;
      problem.hidden = false;
    }
  };
  const input = by("load");
  if (input) {
    const button = input.closest("label");
    button.hidden = false;
    button.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); input.click(); }
    });
    input.addEventListener("change", () => { if (input.files[0]) load(input.files[0]); });
    document.addEventListener("dragover", (event) => event.preventDefault());
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      if (event.dataTransfer.files[0]) load(event.dataTransfer.files[0]);
    });
  }
})();
