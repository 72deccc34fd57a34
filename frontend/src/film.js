// The chapters of a film seek in it; without this module each is a link that opens the page at its second.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-seek]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const film = link.closest(".film");
  const video = film.querySelector("video");
  event.preventDefault();
  for (const other of film.querySelectorAll("[data-seek]")) other.removeAttribute("aria-current");
  link.setAttribute("aria-current", "true");
  video.currentTime = Number(link.dataset.seek);
  video.play().catch(() => {}); // a browser may ask for a press on the picture itself
});
