/** What became of an upload, said at the top of whatever screen follows it: the samples change the one it was sent from. */
'use client';

import { CircleCheck, TriangleAlert, X } from 'lucide-react';
import { createContext, useContext, useState, type ReactNode } from 'react';
import type { IngestResult } from '@bellwether/contracts';
import { counted, refusalInWords } from '@/words';
import { IconButton, LinkButton } from './button';

interface Upload {
  fileName: string;
  result: IngestResult;
}

const ReportContext = createContext<(upload: Upload) => void>(() => undefined);

/** Hands an upload's outcome to the strip. */
export const useReport = () => useContext(ReportContext);

/** Holds the outcome of the newest upload until somebody has read it. */
export function UploadOutcome({ children }: { children: (strip: ReactNode) => ReactNode }) {
  const [upload, setUpload] = useState<Upload | null>(null);
  const strip = upload === null ? null : <Strip upload={upload} onClose={() => setUpload(null)} />;
  return <ReportContext value={setUpload}>{children(strip)}</ReportContext>;
}

function Strip({ upload: { fileName, result }, onClose }: { upload: Upload; onClose: () => void }) {
  const isClean = result.refused.length === 0;
  const Icon = isClean ? CircleCheck : TriangleAlert;
  return (
    <aside
      aria-label="Upload"
      className={`flex flex-wrap items-start gap-x-3 gap-y-1 border-b border-line px-3 py-1.5 text-sm sm:px-5 ${isClean ? 'bg-ok-soft' : 'bg-warn-soft'}`}
    >
      <Icon aria-hidden className={`mt-1.5 size-4 ${isClean ? 'text-ok' : 'text-warn'}`} />
      <div role="status" className="min-w-0 flex-1 py-1">
        <p className="font-medium break-words">
          {counted(result.written, 'sample')} written from {fileName}
        </p>
        {result.refused.map((refusal) => (
          <p key={refusal.reason} className="break-words text-muted">
            {refusalInWords(refusal)}
          </p>
        ))}
      </div>
      <LinkButton href="/series/">See the series</LinkButton>
      <IconButton label="Dismiss" onClick={onClose}>
        <X aria-hidden className="size-4" />
      </IconButton>
    </aside>
  );
}
