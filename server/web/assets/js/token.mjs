// The page behind a link that works once, an invitation's or one to the phone: the token stands behind "#", where no server and no log
// sees it. It is put into the form, and goes to the server when the reader says so: programs
// that open every link in a mail must not use it up.
const form = document.querySelector('form[data-token]');
const take = () => {
  const token = decodeURIComponent(location.hash.slice(1));
  if (!form || token.length < 20) return;
  form.elements.token.value = token;
  for (const part of form.querySelectorAll('[data-paste]')) part.hidden = true;
  for (const part of form.querySelectorAll('[data-found]')) part.hidden = false;
};
take();
addEventListener('hashchange', take);
