const WIDTH = 72;
const HEIGHT = 24;

/** The course of a figure in a word's width; the figure beside it says the value. */
export function Sparkline({ values, colour }: { values: number[]; colour: string }) {
  if (values.length < 2) return null;
  const high = Math.max(...values) || 1;
  // From zero, like every other chart here: a tenth of a percent must not look like a storm.
  const y = (value: number) => HEIGHT - 2 - ((HEIGHT - 4) * Math.max(0, value)) / high;
  const points = values.map((value, at) => `${(WIDTH * at) / (values.length - 1)},${y(value).toFixed(1)}`).join(" ");
  return (
    <svg aria-hidden="true" width={WIDTH} height={HEIGHT} className="max-sm:hidden">
      <polyline points={points} fill="none" stroke={`var(--color-${colour})`} strokeWidth="1.5" strokeLinejoin="round" />
    </svg>
  );
}
