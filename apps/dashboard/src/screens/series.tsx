export function SeriesScreen() {
  return <p>Series</p>;
}
