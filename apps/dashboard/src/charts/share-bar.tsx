/** How much of a score came from each model, as a bar and in words. */
import { percent } from '@/words';

export function ShareBar({ vrnnShare }: { vrnnShare: number }) {
  return (
    <div>
      <div aria-hidden className="mt-1 flex h-1.5 gap-px overflow-hidden rounded-full">
        <div className="bg-vrnn" style={{ width: `${vrnnShare * 100}%` }} />
        <div className="flex-1 bg-vae" />
      </div>
      <p className="mt-0.5 flex justify-between gap-3 text-xs whitespace-nowrap">
        <span className="text-vrnn">VRNN {percent(vrnnShare)}</span>
        <span className="text-vae">VAE {percent(1 - vrnnShare)}</span>
      </p>
    </div>
  );
}
