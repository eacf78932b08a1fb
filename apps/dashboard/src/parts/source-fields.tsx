/** The settings of a source as fields, a set for each kind; what few people change is folded away. */
'use client';

import { useState, type ReactNode } from 'react';
import type { SourceKind } from '@bellwether/contracts';
import { LABELS, type FieldName, type Fields } from '@/sources';
import { Area, Choice, Field, Tick } from './field';
import { SecretFields, type SecretsSet } from './secret-fields';

interface FieldsProps {
  /** What they hold at first. */
  fields: Fields;
  secretsSet: SecretsSet;
}

export function SourceFields({ kind, ...props }: FieldsProps & { kind: SourceKind }) {
  const KindFields = BY_KIND[kind];
  return <KindFields {...props} />;
}

const BY_KIND: Record<SourceKind, (props: FieldsProps) => ReactNode> = {
  prometheus: PrometheusFields,
  sql: SqlFields,
  mqtt: MqttFields,
  kafka: KafkaFields,
};

const PAIR = 'grid gap-3 sm:grid-cols-2';
const TRIPLE = 'grid gap-3 sm:grid-cols-3';
const WIDE = 'sm:col-span-2';

const filled = (fields: Fields, name: FieldName) => ({
  name,
  label: LABELS[name],
  defaultValue: fields[name] ?? '',
});

/** A number and what it may be at least, in the unit of its label. */
const counting = (fields: Fields, name: FieldName, min: number) => ({
  ...filled(fields, name),
  ...({ type: 'number', step: 'any', required: true, min } as const),
});

const MACHINE_WORD = { autoComplete: 'off', autoCapitalize: 'none', spellCheck: false } as const;

function More({ title, children }: { title: string; children: ReactNode }) {
  return (
    <details className="text-sm">
      <summary className="w-fit rounded text-muted hover:text-ink">{title}</summary>
      <div className="mt-2 space-y-3">{children}</div>
    </details>
  );
}

function Username({ fields, hint }: { fields: Fields; hint?: string }) {
  return <Field {...filled(fields, 'username')} {...MACHINE_WORD} maxLength={200} hint={hint} />;
}

function PrometheusFields({ fields, secretsSet }: FieldsProps) {
  return (
    <>
      <Field
        {...filled(fields, 'url')}
        {...MACHINE_WORD}
        type="url"
        required
        placeholder="http://localhost:9090"
        hint="What stands before /api/v1/query_range."
      />
      <Area
        {...filled(fields, 'query')}
        required
        placeholder="sum by (job) (rate(http_requests_total[5m]))"
        hint="PromQL; a series for each of its result. Of a counter, ask for its rate(…)."
      />
      <div className={PAIR}>
        <Field
          {...filled(fields, 'series')}
          maxLength={200}
          hint="Needed where the result has no name, as that of sum(…)."
        />
        <Field {...counting(fields, 'stepMs', 1)} hint="Time between samples." />
      </div>
      <More title="User, password, token and headers">
        <div className={PAIR}>
          <Username fields={fields} />
          <SecretFields set={secretsSet} names={['password', 'token', 'headers']} />
        </div>
      </More>
      <More title="From when, and how close to now">
        <div className={PAIR}>
          <Field {...counting(fields, 'backfillMs', 0)} hint="How far back it begins." />
          <Field
            {...counting(fields, 'offsetMs', 0)}
            hint="It stays so far back, for samples that are late."
          />
        </div>
      </More>
    </>
  );
}

function SqlFields({ fields, secretsSet }: FieldsProps) {
  const [from, setFrom] = useState(fields['from.kind']);
  return (
    <>
      <div className={PAIR}>
        <Field
          {...filled(fields, 'url')}
          {...MACHINE_WORD}
          type="url"
          required
          className={WIDE}
          placeholder="postgres://db.example:5432/shop"
          hint="?sslmode=require may follow it."
        />
        <Username fields={fields} hint="One that may only read is enough." />
        <SecretFields set={secretsSet} names={['password']} />
      </div>
      <div className={TRIPLE}>
        <Choice
          {...filled(fields, 'from.kind')}
          onChange={(event) => setFrom(event.target.value)}
          options={[
            ['table', 'a table'],
            ['query', 'a SELECT'],
          ]}
        />
        {from === 'query' ? (
          <Area
            {...filled(fields, 'from.query')}
            required
            className={WIDE}
            placeholder={'SELECT time, host, cpu\nFROM metrics'}
          />
        ) : (
          <>
            <Field {...filled(fields, 'from.table')} {...MACHINE_WORD} required maxLength={63} />
            <Field {...filled(fields, 'from.schema')} {...MACHINE_WORD} maxLength={63} placeholder="public" />
          </>
        )}
      </div>
      <div className={PAIR}>
        <Field {...filled(fields, 'timeColumn')} {...MACHINE_WORD} required maxLength={63} />
        <Choice
          {...filled(fields, 'timeFormat')}
          options={[
            ['timestamp', 'timestamps or dates'],
            ['seconds', 'seconds since 1970'],
            ['milliseconds', 'milliseconds since 1970'],
          ]}
        />
        <Area {...filled(fields, 'valueColumns')} required hint="One a line, a series each." />
        <Area
          {...filled(fields, 'labelColumns')}
          hint="One a line; what they hold tells series apart: host, device."
        />
      </div>
      <More title="Names of series">
        <div className={PAIR}>
          <Field {...filled(fields, 'series')} maxLength={200} hint="Empty: named as the value column." />
          <Field
            {...filled(fields, 'seriesColumn')}
            {...MACHINE_WORD}
            maxLength={63}
            hint="Instead, a column that holds the name."
          />
        </div>
      </More>
      <More title="From when, and how often">
        <div className={TRIPLE}>
          <Field {...counting(fields, 'backfillMs', 0)} hint="How far back it begins." />
          <Field {...counting(fields, 'intervalMs', 1)} hint="Time between two looks." />
          <Field {...counting(fields, 'overlapMs', 0)} hint="Each time, for rows that are late." />
        </div>
      </More>
    </>
  );
}

function MqttFields({ fields, secretsSet }: FieldsProps) {
  return (
    <>
      <Field
        {...filled(fields, 'url')}
        {...MACHINE_WORD}
        type="url"
        required
        placeholder="mqtt://localhost:1883"
        hint="mqtts:// with TLS; ws:// and wss:// over WebSocket."
      />
      <div className={PAIR}>
        <Area
          {...filled(fields, 'topics')}
          required
          className={WIDE}
          placeholder="plant/+/temperature"
          hint="One a line; + stands for one part of a topic, # for all that follow."
        />
        <PayloadFields fields={fields} />
      </div>
      <More title="User, password and client id">
        <div className={PAIR}>
          <Username fields={fields} />
          <SecretFields set={secretsSet} names={['password']} />
          <Field
            {...filled(fields, 'clientId')}
            {...MACHINE_WORD}
            maxLength={64}
            hint="Empty: one is made up, and kept."
          />
        </div>
      </More>
    </>
  );
}

function KafkaFields({ fields, secretsSet }: FieldsProps) {
  return (
    <>
      <div className={PAIR}>
        <Area
          {...filled(fields, 'brokers')}
          required
          placeholder="localhost:9092"
          hint="host:port, one a line."
        />
        <Area {...filled(fields, 'topics')} required placeholder="metrics" hint="One a line." />
        <PayloadFields fields={fields} />
        <Choice
          {...filled(fields, 'from')}
          options={[
            ['latest', 'what comes from now on'],
            ['earliest', 'the oldest that is kept'],
          ]}
          hint="Where the group has not read before."
        />
        <Field {...filled(fields, 'groupId')} {...MACHINE_WORD} required maxLength={200} />
      </div>
      <More title="TLS, user and password">
        <div className={PAIR}>
          <Tick
            name="usesTls"
            label={LABELS.usesTls}
            defaultChecked={fields['usesTls'] === 'on'}
            className={WIDE}
          />
          <Choice
            {...filled(fields, 'sasl')}
            options={[
              ['', 'none'],
              ['PLAIN', 'PLAIN'],
              ['SCRAM-SHA-256', 'SCRAM-SHA-256'],
              ['SCRAM-SHA-512', 'SCRAM-SHA-512'],
            ]}
            hint="With a user name, and only with one."
          />
          <Username fields={fields} />
          <SecretFields set={secretsSet} names={['password']} />
        </div>
      </More>
    </>
  );
}

const FORMAT_HINTS: Record<string, string> = {
  samples: 'As POST /api/v1/samples takes them: {"series", "labels", "time", "value"}, or a list.',
  number: 'Its time is that of its arrival.',
  json: 'Its numbers are found by paths.',
};

/** What is in a message. */
function PayloadFields({ fields }: { fields: Fields }) {
  const [format, setFormat] = useState(fields['payload.format'] ?? 'samples');
  return (
    <>
      <Choice
        {...filled(fields, 'payload.format')}
        onChange={(event) => setFormat(event.target.value)}
        options={[
          ['samples', 'samples, in JSON'],
          ['number', 'a bare number'],
          ['json', 'other JSON'],
        ]}
        hint={FORMAT_HINTS[format]}
      />
      {format !== 'samples' && (
        <Field {...filled(fields, 'payload.series')} maxLength={200} hint="Empty: named as the topic." />
      )}
      {format === 'json' && (
        <>
          <Area
            {...filled(fields, 'payload.values')}
            required
            placeholder="sensors.0.value"
            hint="One a line, a series each; a number leads into a list."
          />
          <Field
            {...filled(fields, 'payload.time')}
            {...MACHINE_WORD}
            maxLength={200}
            placeholder="at"
            hint="ISO 8601 or epoch milliseconds. Empty: that of its arrival."
          />
        </>
      )}
    </>
  );
}
