/** Secrets of a source: written and never shown. One that is set is kept, until another is typed or it is removed. */
import type { Source } from '@bellwether/contracts';
import { LABELS } from '@/sources';
import { Area, Field, Tick } from './field';

export type SecretsSet = Source['secretsSet'];
type SecretName = keyof SecretsSet;

interface SecretFieldsProps {
  set: SecretsSet;
  names: SecretName[];
}

export function SecretFields({ set, names }: SecretFieldsProps) {
  return names.map((name) => (
    <div key={name} className={name === 'headers' ? 'sm:col-span-2' : ''}>
      {name === 'headers' ? <Headers names={set.headers} /> : <Secret name={name} isSet={set[name]} />}
      {isSet(set, name) && (
        <Tick name={`${name}.remove`} label={`${LABELS[name]}: remove what is set`} className="mt-1.5" />
      )}
    </div>
  ));
}

const isSet = (set: SecretsSet, name: SecretName): boolean =>
  name === 'headers' ? set.headers.length > 0 : set[name];

function Secret({ name, isSet }: { name: 'password' | 'token'; isSet: boolean }) {
  return (
    <Field
      type="password"
      name={name}
      label={LABELS[name]}
      autoComplete="new-password"
      placeholder={isSet ? 'set' : ''}
      hint={isSet ? 'Set. Empty: it is kept.' : undefined}
    />
  );
}

function Headers({ names }: { names: string[] }) {
  return (
    <Area
      name="headers"
      label={LABELS.headers}
      autoComplete="off"
      placeholder="X-Scope-OrgID: tenant"
      hint={
        names.length > 0
          ? `Set: ${names.join(', ')}. Empty: they are kept; else these replace all of them.`
          : 'Name: value, one a line.'
      }
    />
  );
}
