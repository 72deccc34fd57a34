// Theme and large type at once. The server keeps them: the form sends the same question with or without this script.
const root = document.documentElement;

function press(form, name, value) {
  for (const button of form.querySelectorAll(`button[name="${name}"]`)) {
    button.setAttribute("aria-pressed", String(button.value === value));
  }
}

function show(form, name, value) {
  if (name === "theme") {
    root.dataset.theme = value;
    press(form, name, value);
  } else {
    root.toggleAttribute("data-elder", value === "1");
    const button = form.querySelector('button[name="elder"]');
    button.setAttribute("aria-pressed", String(value === "1"));
    button.value = value === "1" ? "0" : "1";
  }
}

for (const form of document.querySelectorAll("form[data-preferences]")) {
  form.addEventListener("submit", (event) => {
    const { name, value } = event.submitter ?? {};
    if (name !== "theme" && name !== "elder") return; // another language is another page
    event.preventDefault();
    show(form, name, value);
    fetch(`${form.action}?${new URLSearchParams({ [name]: value })}`, { redirect: "manual", keepalive: true });
  });
}

// A menu closes when the reader goes elsewhere.
for (const menu of document.querySelectorAll("details.menu")) {
  const leaveFor = (place) => {
    if (place && !menu.contains(place)) menu.open = false;
  };
  document.addEventListener("click", (event) => leaveFor(event.target));
  menu.addEventListener("focusout", (event) => leaveFor(event.relatedTarget));
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}
