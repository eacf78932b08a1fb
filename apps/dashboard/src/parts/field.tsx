/** Labelled inputs with their hints: a line, several lines, a choice, a box to tick. */
import {
  useId,
  type InputHTMLAttributes,
  type ReactNode,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
} from 'react';

interface Labelled {
  label: string;
  hint?: ReactNode;
}

/** What was typed into a field of a form, without the blanks around it. */
export function typedInto(form: HTMLFormElement, name: string): string {
  const value = new FormData(form).get(name);
  return typeof value === 'string' ? value.trim() : '';
}

const BOX = 'w-full rounded-md border border-line-strong bg-surface px-2.5 text-sm';
export const INPUT = `min-h-9 ${BOX}`;

interface FrameProps extends Labelled {
  id: string;
  className: string;
  children: ReactNode;
}

function Frame({ id, label, hint, className, children }: FrameProps) {
  return (
    <div className={className}>
      <label htmlFor={id} className="mb-1 block text-sm font-medium">
        {label}
      </label>
      {children}
      {hint !== undefined && (
        <p id={`${id}-hint`} className="mt-1 text-xs text-muted">
          {hint}
        </p>
      )}
    </div>
  );
}

function useFrame({ label, hint }: Labelled, className: string) {
  const id = useId();
  return {
    frame: { id, label, hint, className },
    input: { id, 'aria-describedby': hint === undefined ? undefined : `${id}-hint` },
  };
}

export function Field({
  label,
  hint,
  className = '',
  ...rest
}: Labelled & InputHTMLAttributes<HTMLInputElement>) {
  const { frame, input } = useFrame({ label, hint }, className);
  return (
    <Frame {...frame}>
      <input {...input} className={INPUT} {...rest} />
    </Frame>
  );
}

/** Several lines, of what a machine reads. */
export function Area({
  label,
  hint,
  className = '',
  ...rest
}: Labelled & TextareaHTMLAttributes<HTMLTextAreaElement>) {
  const { frame, input } = useFrame({ label, hint }, className);
  return (
    <Frame {...frame}>
      <textarea
        {...input}
        rows={2}
        spellCheck={false}
        className={`block ${BOX} py-1.5 font-mono`}
        {...rest}
      />
    </Frame>
  );
}

interface ChoiceProps extends Labelled, SelectHTMLAttributes<HTMLSelectElement> {
  /** Value and words of each option. */
  options: [string, string][];
}

export function Choice({ label, hint, className = '', options, ...rest }: ChoiceProps) {
  const { frame, input } = useFrame({ label, hint }, className);
  return (
    <Frame {...frame}>
      <select {...input} className={INPUT} {...rest}>
        {options.map(([value, words]) => (
          <option key={value} value={value}>
            {words}
          </option>
        ))}
      </select>
    </Frame>
  );
}

export function Tick({
  label,
  className = '',
  ...rest
}: { label: string } & InputHTMLAttributes<HTMLInputElement>) {
  return (
    <label className={`flex items-center gap-2 text-sm ${className}`}>
      <input type="checkbox" className="size-4 accent-[var(--accent)]" {...rest} />
      {label}
    </label>
  );
}
