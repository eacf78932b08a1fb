export function OverviewScreen() {
  return <p>Overview</p>;
}
