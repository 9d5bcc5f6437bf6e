import type { ReactNode } from "react";

/** Our own small set, one weight, 16 × 16: states first, then what the navigation and the buttons need. */
const drawings = {
  queued: <path d="M4.5 2.5h7M4.5 13.5h7M5 2.5c0 3 6 4 6 5.5s-6 2.5-6 5.5M11 2.5c0 3-6 4-6 5.5s6 2.5 6 5.5" />,
  placed: (
    <path d="M8 14s4.5-4.2 4.5-7.7a4.5 4.5 0 0 0-9 0C3.5 9.8 8 14 8 14Zm0-6.2a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3Z" />
  ),
  starting: <path d="M8 2v3M8 11v3M2 8h3M11 8h3M3.8 3.8l2 2M10.2 10.2l2 2M12.2 3.8l-2 2M5.8 10.2l-2 2" />,
  running: <path d="M5 3.2v9.6L12.8 8 5 3.2Z" fill="currentColor" />,
  succeeded: <path d="m3 8.5 3.3 3.3L13 4.7" strokeWidth="2" />,
  failed: <path d="m4 4 8 8M12 4l-8 8" strokeWidth="2" />,
  cancelled: <path d="M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11ZM4.2 11.8l7.6-7.6" />,
  "timed-out": <path d="M8 3.5a5 5 0 1 0 0 10 5 5 0 0 0 0-10ZM8 6v2.7l1.8 1.3M6.5 1.5h3" />,
  "out-of-memory": (
    <path d="M4.5 4.5h7v7h-7zM6.5 2v2.5M9.5 2v2.5M6.5 11.5V14M9.5 11.5V14M2 6.5h2.5M2 9.5h2.5M11.5 6.5H14M11.5 9.5H14" />
  ),
  preempted: <path d="M2.5 5.5h9M9 2.5l3 3-3 3M13.5 10.5h-9M7 7.5l-3 3 3 3" />,
  "node-failed": <path d="M3 3h10v4H3zM3 9h4M3 13h4V9H3zM10 9l3.5 4.5M13.5 9 10 13.5" />,
  "platform-fault": <path d="M8 2 14.5 13.5h-13L8 2ZM8 6.5v3.2M8 11.5v.1" />,
  refused: <path d="M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11ZM5 8h6" />,
  lost: <path d="M5.5 6a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.9-1.1 1.8M8 12.8v.1" strokeWidth="1.8" />,
  unreachable: <path d="M6 3v2.5M10 3v2.5M4 5.5h8V8a4 4 0 0 1-8 0V5.5ZM8 12v2M2 2l12 12" />,
  withdrawn: <path d="M6 4 2.5 7.5 6 11M2.5 7.5H10a3.5 3.5 0 0 1 0 6" />,
  duplicate: <path d="M5.5 5.5h8v8h-8zM2.5 10.5v-8h8" />,
  requeued: <path d="M13 8a5 5 0 1 1-1.5-3.6M13 2v3h-3" />,
  network: (
    <path d="M8 2.5a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3ZM3.5 10.5a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3ZM12.5 10.5a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3ZM7.3 5.3l-3 5.3M8.7 5.3l3 5.3M5 12h6" />
  ),
  submit: <path d="M8 10.5v-8M4.8 5.5 8 2.3l3.2 3.2M2.5 10.5v3h11v-3" />,
  jobs: <path d="M2.5 4h1M2.5 8h1M2.5 12h1M6 4h7.5M6 8h7.5M6 12h7.5" />,
  usage: <path d="M2.5 13.5h11M4 13.5v-4M7 13.5v-8M10 13.5v-6M13 13.5v-11" />,
  centres: <path d="M3 2.5h10v4H3zM3 9.5h10v4H3zM5.5 4.5h.1M5.5 11.5h.1" />,
  policy: <path d="M8 2.5v11M5 13.5h6M3 4.5h10M3 4.5 1.5 9h3L3 4.5ZM13 4.5 11.5 9h3L13 4.5Z" />,
  tokens: <path d="M10.5 2.5a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM8.3 7.7 2.5 13.5M4.5 11.5l1.5 1.5" />,
  people: (
    <path d="M6 3a2.2 2.2 0 1 0 0 4.4A2.2 2.2 0 0 0 6 3ZM2 13c0-2.5 1.8-4 4-4s4 1.5 4 4M10.5 3.3a2.2 2.2 0 0 1 0 3.8M11.5 9.3c1.6.4 2.5 1.8 2.5 3.7" />
  ),
  acts: <path d="M4 2h8v12H4zM6.2 5.2h3.6M6.2 8h3.6M6.2 10.8h2" />,
  info: <path d="M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11ZM8 7.5v3.2M8 5.2v.1" />,
  menu: <path d="M2.5 4h11M2.5 8h11M2.5 12h11" />,
  copy: <path d="M5.5 5.5h8v8h-8zM2.5 10.5v-8h8" />,
  done: <path d="m3 8.5 3.3 3.3L13 4.7" />,
  download: <path d="M8 2.5v8M4.8 7.5 8 10.7l3.2-3.2M2.5 13.5h11" />,
  search: <path d="M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9ZM10.3 10.3l3.2 3.2" />,
  up: <path d="m4 10 4-4 4 4" />,
  down: <path d="m4 6 4 4 4-4" />,
  stop: <path d="M4 4h8v8H4z" fill="currentColor" />,
  follow: <path d="m4 3 4 4 4-4M4 9l4 4 4-4" />,
  wrap: <path d="M2.5 4h11M2.5 8h8.5a2.2 2.2 0 0 1 0 4.5H8M9.5 10.5l-2 2 2 2M2.5 12.5H5" />,
  sun: (
    <path d="M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM8 1.5v1.5M8 13v1.5M1.5 8H3M13 8h1.5M3.4 3.4l1 1M11.6 11.6l1 1M12.6 3.4l-1 1M4.4 11.6l-1 1" />
  ),
  moon: <path d="M13 9.5A5.5 5.5 0 1 1 6.5 3a4.5 4.5 0 0 0 6.5 6.5Z" />,
  machine: <path d="M2.5 3h11v7.5h-11zM6 13.5h4M8 10.5v3" />,
  close: <path d="m4 4 8 8M12 4l-8 8" />,
  file: <path d="M4 2h5l3 3v9H4zM9 2v3h3" />,
  out: <path d="M6.5 2.5h-4v11h4M6 8h7.5M10.5 5l3 3-3 3" />,
  plus: <path d="M8 3v10M3 8h10" />,
  link: <path d="M6.5 9.5 9.5 6.5M7.5 4.5l1-1a2.8 2.8 0 0 1 4 4l-1 1M8.5 11.5l-1 1a2.8 2.8 0 0 1-4-4l1-1" />,
} satisfies Record<string, ReactNode>;

export type IconName = keyof typeof drawings;

/** Decoration beside a word: hidden from screen readers. Where it stands alone, label the button around it. */
export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg
      className="icon"
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.4"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {drawings[name]}
    </svg>
  );
}

/** The mark: water comes level, goes over the step and lies level again, lower; what passes is measured. */
export function Mark({ size = 28 }: { readonly size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" fill="none" aria-hidden="true" focusable="false">
      <path d="M3 27.5V17.5h10.5l2.5 10Z" fill="#7f97a1" />
      <path d="M3 12.5h10.5c6.5 0 4.5 11.5 10.5 11.5h5" stroke="#35b6d6" strokeWidth="3.2" strokeLinecap="round" />
      <path d="M3 6.8h12c8.5 0 6 11 11 11h3" stroke="#8fdcec" strokeWidth="2" strokeLinecap="round" />
    </svg>
  );
}
