export const en = {
  title: "Sign in",
  promise: "Ask once.\nThe network finds the place.",
  promiseNote:
    "One public network of computing centres: submit work, see where it runs, why it waits and what it used.",
  name: "Name",
  password: "Password",
  enter: "Sign in",
  needName: "Enter your name",
  needPassword: "Enter your password",
  byLink: "Signing in with the one-time link …",
  newLinkHere: "On the machine where Weir runs, this prints a new link (npm start prints one only when it starts):",
  newLinkElse: "Elsewhere: ask your administrator for a new link, or sign in with your password.",
  wrong:
    "The name or the password is wrong, or the link is spent or expired. Try again, or ask your administrator for a new one-time link.",
  noPassword: "No password yet?",
  linkHint:
    "Open the one-time link: npm start prints one for the administrator; everybody else gets theirs from an administrator. A link works once.",
} as const;
