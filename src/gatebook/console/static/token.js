// The form of a token: whoever ticks a connector means only those that are ticked.
document.addEventListener("change", (event) => {
  if (event.target.name === "connector" && event.target.checked) event.target.form.elements.reach.value = "some";
  if (event.target.name === "reach" && event.target.value !== "some") event.target.form.querySelectorAll("input[type=checkbox][name=connector]").forEach((box) => { box.checked = false; });
});
