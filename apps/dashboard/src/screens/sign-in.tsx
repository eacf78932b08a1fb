/** Trades an API key for a session, then goes back to where the person wanted to be. */
'use client';

import { useSearchParams } from 'next/navigation';
import type { FormEvent } from 'react';
import { signIn, useSession } from '@/api';
import { placeAfterSignIn } from '@/next-place';
import { Button, LinkButton } from '@/parts/button';
import { Failure } from '@/parts/feedback';
import { Field, typedInto } from '@/parts/field';
import { useJob } from '@/parts/hooks';

export function SignInScreen() {
  const next = placeAfterSignIn(useSearchParams().get('next'));
  const { data: session } = useSession();
  const job = useJob();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const key = typedInto(event.currentTarget, 'key');
    job.run(async () => {
      const session = await signIn(key);
      if (!session.isSignedIn) throw new Error('That key is not known here. Check that it was copied whole.');
      window.location.assign(next);
    });
  };
  return (
    <div className="w-full max-w-sm rounded-lg border border-line bg-surface p-5">
      <h1 className="text-xl font-semibold tracking-tight">Sign in to Bellwether</h1>
      <p className="mt-1 mb-4 text-sm text-muted">With an API key, the same one that sends samples.</p>
      {session?.needsKey === false && (
        <div className="mb-4 space-y-2 text-sm">
          <p>No key is needed here: Bellwether listens on this machine only.</p>
          <LinkButton href="/">Go to the overview</LinkButton>
        </div>
      )}
      <form onSubmit={submit} className="space-y-3">
        <Field
          label="API key"
          name="key"
          type="password"
          autoComplete="current-password"
          required
          maxLength={200}
          hint="Bellwether wrote it to its log, once, when it first started; or it is the API_KEY it was started with."
        />
        {job.error !== null && <Failure error={job.error} />}
        <Button type="submit" look="primary" disabled={job.isBusy} className="w-full">
          {job.isBusy ? 'Signing in…' : 'Sign in'}
        </Button>
      </form>
    </div>
  );
}
