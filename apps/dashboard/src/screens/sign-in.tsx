export function SignInScreen() {
  return <p>Sign in</p>;
}
