import type { Metadata } from 'next';
import { Suspense } from 'react';
import { Loading } from '@/parts/feedback';
import { SignInScreen } from '@/screens/sign-in';

export const metadata: Metadata = { title: 'Sign in' };

export default function SignInPage() {
  return (
    <Suspense fallback={<Loading />}>
      <SignInScreen />
    </Suspense>
  );
}
