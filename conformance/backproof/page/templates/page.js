"use strict";
(() => {
  for (const filters of document.querySelectorAll("[data-filters]")) {
    const rows = [...document.querySelectorAll(`#${filters.dataset.filters} [data-text]`)];
    const count = filters.querySelector("[data-count]");
    const text = filters.querySelector("input");
    const choices = [...filters.querySelectorAll("select")];
    const apply = () => {
      const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        const fits = words.every((word) => row.dataset.text.includes(word))
          && choices.every((choice) => !choice.value || row.dataset[choice.name] === choice.value);
        row.hidden = !fits;
        shown += fits;
      }
      count.textContent = `${shown} of ${rows.length} shown`;
    };
    filters.hidden = false;
    filters.addEventListener("input", apply);
    filters.addEventListener("reset", () => setTimeout(apply));
    filters.addEventListener("submit", (event) => event.preventDefault());
    apply();
  }

  const told = document.getElementById("told");
  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const source = document.getElementById(button.dataset.copy);
      let copied = true;
      try {
        await navigator.clipboard.writeText(source.textContent);
      } catch {
        // Without the permission, or in a frame: the old way, which needs a selection.
        const range = document.createRange();
        range.selectNodeContents(source);
        const selection = getSelection();
        selection.removeAllRanges();
        selection.addRange(range);
        copied = document.execCommand("copy");
      }
      told.textContent = copied ? "copied" : "selected: copy it with the keyboard";
      button.textContent = copied ? "copied" : "selected";
      setTimeout(() => { button.textContent = "copy"; told.textContent = ""; }, 2000);
    });
  }

  // A target that a filter hides, or that stands in a frame without an address of its own, is shown all the same.
  const show = (id) => {
    const target = document.getElementById(id);
    if (!target) return false;
    const hidden = target.closest("[hidden]");
    if (hidden) for (const form of document.querySelectorAll("form[data-filters]")) form.reset();
    setTimeout(() => target.scrollIntoView());
    return true;
  };
  addEventListener("hashchange", () => show(decodeURIComponent(location.hash.slice(1))));
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (link && location.protocol === "about:" && show(decodeURIComponent(link.hash.slice(1)))) event.preventDefault();
  });
})();
