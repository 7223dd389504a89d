// All that the client may ask of its runtime besides ECMAScript 2017.
declare function setTimeout(run: () => void, ms: number): any
declare function clearTimeout(timer: any): void
declare const wx: any
declare const module: { exports: any }
