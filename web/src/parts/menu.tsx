import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { Icon, type IconName } from "./icons.tsx";
import css from "./menu.module.css";

/** A button that opens a short list of actions or choices under it; arrows move, Escape and a click elsewhere close. */
export function Menu({ label, className, children, heading, items }: MenuContent) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  useEffect(() => {
    if (!open) return;
    box.current?.querySelector<HTMLElement>('[role^="menuitem"]')?.focus();
    function onDown(event: PointerEvent) {
      if (event.target instanceof Node && !box.current?.contains(event.target)) setOpen(false);
    }
    document.addEventListener("pointerdown", onDown);
    return () => document.removeEventListener("pointerdown", onDown);
  }, [open]);
  function close() {
    setOpen(false);
    button.current?.focus();
  }
  function onKey(event: KeyboardEvent) {
    if (event.key === "Escape") return close();
    if (event.key === "Tab") return setOpen(false);
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const entries = [...(box.current?.querySelectorAll<HTMLElement>('[role^="menuitem"]') ?? [])];
    const active = document.activeElement;
    const at = active instanceof HTMLElement ? entries.indexOf(active) : -1;
    entries.at((at + step) % entries.length)?.focus();
  }
  return (
    <div ref={box} className={css.box}>
      <button
        ref={button}
        type="button"
        className={className}
        aria-label={label}
        title={label}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={id}
        onClick={() => setOpen(!open)}
      >
        {children}
      </button>
      {open ? (
        <div id={id} role="menu" tabIndex={-1} aria-label={label} className={css.list} onKeyDown={onKey}>
          {heading ? <div className={css.heading}>{heading}</div> : null}
          {items.map((item) => (
            <button
              key={item.label}
              type="button"
              role={item.chosen === undefined ? "menuitem" : "menuitemradio"}
              {...(item.chosen === undefined ? {} : { "aria-checked": item.chosen })}
              tabIndex={-1}
              className={css.item}
              onClick={() => {
                close();
                item.onChoose();
              }}
            >
              <Icon name={item.icon} />
              {item.label}
              {item.chosen ? (
                <span className={css.mark}>
                  <Icon name="done" size={14} />
                </span>
              ) : null}
            </button>
          ))}
        </div>
      ) : null}
    </div>
  );
}

type MenuContent = {
  readonly label: string;
  readonly className: string | undefined;
  /** What the button shows. */
  readonly children: ReactNode;
  readonly heading?: string;
  readonly items: readonly MenuItem[];
};

type MenuItem = {
  readonly label: string;
  readonly icon: IconName;
  /** Set where one of the items is the present choice. */
  readonly chosen?: boolean;
  readonly onChoose: () => void;
};
