import { useQuery } from "@tanstack/react-query";
import { clusters } from "../../api/queries";
import type { LedgerHour } from "../../api/types";
import { amountOf, type Figure, hourKey, nameOf } from "../../lib/ledger";
import { nanos } from "../../lib/money";
import { exactTime, hour } from "../../lib/time";
import { Dialog, DialogHead } from "../../ui/dialog";
import { Rows } from "../../ui/rows";
import { Amount, Mark, QualityWord } from "../../ui/value";
import { HourDetail } from "./hour-detail";

const GRID = "grid w-full grid-cols-[minmax(0,1fr)_minmax(60px,auto)_minmax(60px,auto)] items-center gap-2 px-4 text-left sm:gap-4";
const COLUMNS = `${GRID} md:grid-cols-[130px_minmax(0,1fr)_80px_80px_80px_100px] lg:grid-cols-[170px_minmax(0,1fr)_100px_100px_100px_106px]`;
/** Where all hours are of one cluster, it has no column. */
const COLUMNS_OF_ONE = `${GRID} md:grid-cols-[minmax(0,1fr)_88px_88px_88px_106px]`;
const WIDE = "max-md:hidden";

/** Ledger hours as rows; one opens the instances and prices it was made of. */
export function HourRows({ hours, ofOne = false, figure, open, onOpen }: {
  hours: LedgerHour[]; ofOne?: boolean; figure?: Figure | undefined; open: string | undefined; onOpen: (hour: string | undefined) => void;
}) {
  const names = new Map((useQuery(clusters()).data ?? []).map((each) => [each.id, each.name]));
  const nameOfCluster = (each: LedgerHour) => names.get(each.cluster_id) ?? each.cluster_id;
  const columns = ofOne ? COLUMNS_OF_ONE : COLUMNS;
  // Baseline and actual have columns of their own.
  const part = figure === "baseline" || figure === "actual" ? undefined : figure;
  const opened = hours.find((each) => hourKey(each) === open);
  return (
    <>
      <div aria-hidden="true" className={`${columns} h-8 text-12 text-muted`}>
        <span>Hour</span>{!ofOne && <span className={WIDE}>Cluster</span>}<span className={`${WIDE} text-right`}><Mark of="modelled" />Baseline</span><span className="text-right">Actual</span>
        <span className="truncate text-right"><Mark of="modelled" />{part ? nameOf(part) : "Saved"}</span><span className={`${WIDE} pl-4`}>Quality</span>
      </div>
      <Rows name="Hours" items={hours} height={36} row={(each) => (
        <button type="button" onClick={() => onOpen(hourKey(each))} className={`${columns} h-full border-t border-line -outline-offset-2 hover:bg-hover`}>
          <span className="min-w-0 truncate max-sm:text-12">
            <time dateTime={each.hour} title={exactTime(each.hour)}>{hour(each.hour)}</time>
            {!ofOne && <span className="block truncate text-muted md:hidden">{nameOfCluster(each)}</span>}
          </span>
          {!ofOne && <span className={`${WIDE} truncate text-muted`}>{nameOfCluster(each)}</span>}
          <span className={`${WIDE} text-right`}><Amount of={each.baseline} /></span>
          <span className="text-right"><Mark of={each.quality} /><Amount of={each.actual} /></span>
          <span className="text-right">{part ? <Amount of={-amountOf(each, part)} signed /> : <Amount of={nanos(each.baseline) - nanos(each.actual)} />}</span>
          <span className={`${WIDE} pl-4`}><QualityWord quality={each.quality} /></span>
        </button>
      )} />
      <Dialog open={opened !== undefined} title="Hour" onClose={() => onOpen(undefined)} className="max-w-200 p-6">
        {opened && (
          <>
            <DialogHead title={`${hour(opened.hour)}, ${nameOfCluster(opened)}`} onClose={() => onOpen(undefined)} />
            <HourDetail hour={opened} />
          </>
        )}
      </Dialog>
    </>
  );
}
