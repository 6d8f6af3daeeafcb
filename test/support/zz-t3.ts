import { FAULT_SCENARIOS } from './fault-scenarios.ts';
import { faultRun } from './fault-run.ts';
for (const s of FAULT_SCENARIOS) {
  const seen = new Map<string,number>();
  const lists:string[][]=[];
  for (let i=0;i<6;i++){ const r=await faultRun(s,new Map()); const l=r.calls.map(c=>c.method+'@'+c.state+(c.canBeStale?'*':'')); const k=l.join('\n'); if(!seen.has(k)) lists.push(l); seen.set(k,(seen.get(k)??0)+1);}
  console.log(s.name,[...seen.values()]);
  if(lists.length>1){ const [a,b]=lists as [string[],string[]]; for(let i=0;i<Math.max(a.length,b.length);i++) if(a[i]!==b[i]){ console.log('diff at',i,a.slice(i-3,i+4),b.slice(i-3,i+4)); break; } }
}
process.exit(0)
