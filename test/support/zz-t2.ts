import { singleFaults, carryOut } from './fault-plan.ts';
const [,, from='0', step='37', kind] = process.argv;
const t0=performance.now();
const plans = (await singleFaults()).filter(p=>!kind||p.faults[0]!.kind===kind);
console.log(plans.length, 'plans', (performance.now()-t0).toFixed(0));
const bad = new Map<string,string[]>();
let n=0,b=0; const t=performance.now();
for (let i=Number(from);i<plans.length;i+=Number(step)) {
  n++; if(process.env.V) console.log(i,JSON.stringify(plans[i]!.faults),plans[i]!.scenario.name);
  const {problems} = await carryOut(plans[i]!);
  if (problems.length) { b++; for (const p of problems) {const id=/: (I\d+|a planned)/.exec(p)?.[1]+' '+plans[i]!.faults[0]!.kind; bad.set(id,[...(bad.get(id)??[]),p]);} }
}
console.log(n,'runs',b,'bad',(performance.now()-t).toFixed(0),'ms');
for (const [id,ps] of bad) { console.log('##',id,ps.length); for (const p of ps.slice(0,6)) console.log('   ',p.slice(0,420)); }
process.exit(0)
