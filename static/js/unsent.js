// On pages beside the tasks: an answer that a task's page could not send is sent, and the page that it changed is
// loaded again.

import { deliver, forget, isJudged, kept } from "./task/unsent.js";

const form = document.querySelector("[data-unsent-of]");
const person = form.dataset.unsentOf;
const answer = kept(person);
if (answer) {
  const body = new URLSearchParams(answer.body);
  body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
  const said = await deliver({ address: answer.address, body: body.toString() }, () => {});
  if (said && isJudged(said)) {
    forget(person);
    location.replace(location.href);
  }
}
