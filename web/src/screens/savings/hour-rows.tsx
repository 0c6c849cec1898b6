import { useQuery } from "@tanstack/react-query";
import { clusters } from "../../api/queries";
import type { LedgerHour } from "../../api/types";
import { amountOf, type Figure, hourKey, nameOf } from "../../lib/ledger";
import { nanos } from "../../lib/money";
import { exactTime, hour } from "../../lib/time";
import { Dialog, DialogHead } from "../../ui/dialog";
import { Rows } from "../../ui/rows";
import { Amount, Estimated, QualityWord } from "../../ui/value";
import { HourDetail } from "./hour-detail";

const COLUMNS = "grid w-full grid-cols-[minmax(0,1fr)_64px_64px] items-center gap-2 sm:gap-4 px-3 sm:px-4 text-left sm:grid-cols-[170px_minmax(0,1fr)_100px_100px_100px_106px]";
const WIDE = "max-sm:hidden";

/** Ledger hours as rows; one opens the instances and prices it was made of. */
export function HourRows({ hours, figure, open, onOpen }: {
  hours: LedgerHour[]; figure?: Figure | undefined; open: string | undefined; onOpen: (hour: string | undefined) => void;
}) {
  const names = new Map((useQuery(clusters()).data ?? []).map((each) => [each.id, each.name]));
  // Baseline and actual have columns of their own.
  const part = figure === "baseline" || figure === "actual" ? undefined : figure;
  const opened = hours.find((each) => hourKey(each) === open);
  return (
    <>
      <div aria-hidden="true" className={`${COLUMNS} h-8 text-12 text-muted`}>
        <span>Hour</span><span className={WIDE}>Cluster</span><span className={`${WIDE} text-right`}>Baseline</span><span className="text-right">Actual</span>
        <span className="truncate text-right">{part ? nameOf(part) : "Saved"}</span><span className={`${WIDE} pl-4`}>Quality</span>
      </div>
      <Rows name="Hours" items={hours} height={36} row={(each) => (
        <button type="button" onClick={() => onOpen(hourKey(each))} className={`${COLUMNS} h-full border-t border-line -outline-offset-2 hover:bg-hover`}>
          <time dateTime={each.hour} title={exactTime(each.hour)} className="truncate max-sm:text-12">{hour(each.hour)}</time>
          <span className={`${WIDE} truncate text-muted`}>{names.get(each.cluster_id) ?? each.cluster_id}</span>
          <span className={`${WIDE} text-right`}><Amount of={each.baseline} /></span>
          <span className="text-right"><Estimated when={each.quality === "estimated"} /><Amount of={each.actual} /></span>
          <span className="text-right"><Amount of={part ? amountOf(each, part) : nanos(each.baseline) - nanos(each.actual)} /></span>
          <span className={`${WIDE} pl-4`}><QualityWord quality={each.quality} /></span>
        </button>
      )} />
      <Dialog open={opened !== undefined} title="Hour" onClose={() => onOpen(undefined)} className="max-w-200 p-6">
        {opened && (
          <>
            <DialogHead title={`${hour(opened.hour)}, ${names.get(opened.cluster_id) ?? opened.cluster_id}`} onClose={() => onOpen(undefined)} />
            <HourDetail hour={opened} />
          </>
        )}
      </Dialog>
    </>
  );
}
