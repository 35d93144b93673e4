import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { t } from '../preferences.ts';
import { shown } from '../state.ts';

/** A window over the board. Escape closes it; the focus stays inside and goes back to what opened it. */
export function Dialog({ title, children }: { title: string; children: ComponentChildren }) {
  const element = useRef<HTMLDialogElement>(null);
  const own = useRef(shown.peek());
  // Browsers tell a moment later that a window was closed; another one may be open by then.
  const closed = (): void => {
    if (shown.peek() === own.current) shown.value = null;
  };
  useEffect(() => {
    const opener = document.activeElement;
    element.current?.showModal();
    return () => {
      if (opener instanceof HTMLElement) opener.focus();
    };
  }, []);
  return (
    <dialog ref={element} aria-labelledby="dialog-title" onClose={closed}>
      <div class="dialog-head">
        <h2 id="dialog-title">{title}</h2>
        <button type="button" data-close onClick={() => element.current?.close()}>{t('close')}</button>
      </div>
      {children}
    </dialog>
  );
}

/** A row of a list of facts; nothing for what is not known. */
export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  if (children === null || children === undefined || children === '') return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
