/** Nodes on Spot and on-demand, as parts of one line. The words beside it say the same. */
export function SplitBar({ spot, all }: { spot: number; all: number }) {
  const width = all === 0 ? 0 : (100 * spot) / all;
  return (
    <div aria-hidden="true" className="flex h-1.5 gap-px overflow-hidden rounded-mark bg-hover">
      {all > 0 && <><span className="bg-spot" style={{ width: `${width}%` }} /><span className="grow bg-on-demand" /></>}
    </div>
  );
}
