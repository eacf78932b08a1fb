export function ModelsScreen() {
  return <p>Models</p>;
}
