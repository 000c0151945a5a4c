/**
 * The three outlines, seen from above with the nose to the right: own drawings, in units of the drawing.
 *
 * `outline` is the whole body, `roof` from where to where it reaches, `side` what is on the left side (the right one is
 * the same, turned over). One path for each part.
 */

const BONNET = "M328,-66 C356,-70 384,-68 402,-56 Q420,-30 420,0 Q420,30 402,56 C384,68 356,70 328,66 Q346,0 328,-66 Z";
const WINDSCREEN = "M318,-66 Q338,0 318,66 L264,54 Q277,0 264,-54 Z";
const LAMP = "M424,-40 Q421,-56 410,-66 L394,-74 Q404,-56 412,-40 Z";
const TAIL = "M13,-40 Q14,-58 24,-70 L34,-76 Q24,-58 20,-40 Z";

export const BODIES = {
  hatch: {
    outline:
      "M6,0 C6,-34 9,-58 19,-70 C27,-80 44,-85 66,-87 L112,-88 C160,-85 230,-85 300,-87 L340,-88 C378,-87 408,-80 422,-62 C432,-48 436,-24 436,0 C436,24 432,48 422,62 C408,80 378,87 340,88 L300,87 C230,85 160,85 112,88 L66,87 C44,85 27,80 19,70 C9,58 6,34 6,0 Z",
    hatch: "M56,-66 L22,-62 Q11,0 22,62 L56,66 Q42,0 56,-66 Z",
    rear: "M96,-55 Q87,0 96,55 L58,61 Q44,0 58,-61 Z",
    roof: "M98,-55 L262,-54 Q275,0 262,54 L98,55 Q89,0 98,-55 Z",
    from: 94,
    to: 268,
    fin: "M100,-2.5 q9,-1.5 14,2.5 q-5,4 -14,2.5 Z",
    windows: ["M188,-61 L258,-58 L303,-72 L188,-73 Z", "M110,-60 L180,-61 L182,-73 L98,-71 Z"],
    bonnetLines: "M338,-40 Q372,-42 404,-34 M338,40 Q372,42 404,34",
  },
  crossover: {
    outline:
      "M6,0 C6,-36 10,-62 20,-73 C28,-82 46,-87 70,-89 L112,-90 C160,-86 230,-86 300,-89 L340,-90 C380,-89 412,-80 425,-58 C433,-44 437,-22 437,0 C437,22 433,44 425,58 C412,80 380,89 340,90 L300,89 C230,86 160,86 112,90 L70,89 C46,87 28,82 20,73 C10,62 6,36 6,0 Z",
    hatch: "M60,-66 L22,-63 Q12,0 22,63 L60,66 Q44,0 60,-66 Z",
    rear: "M126,-52 Q116,0 126,52 L62,60 Q46,0 62,-60 Z",
    roof: "M128,-55 L256,-54 Q269,0 256,54 L128,55 Q119,0 128,-55 Z",
    from: 124,
    to: 262,
    fin: "M130,-2.5 q9,-1.5 14,2.5 q-5,4 -14,2.5 Z",
    windows: ["M188,-61 L252,-57 L303,-73 L188,-74 Z", "M126,-59 L180,-61 L182,-74 L106,-71 Z"],
    bonnetLines: "M340,-48 Q380,-46 412,-20 M340,48 Q380,46 412,20",
  },
  suv: {
    outline:
      "M6,0 C6,-40 8,-64 16,-75 C24,-84 42,-88 66,-90 L112,-91 C160,-88 230,-88 300,-90 L340,-91 C382,-90 412,-84 425,-66 C434,-50 436,-24 436,0 C436,24 434,50 425,66 C412,84 382,90 340,91 L300,90 C230,88 160,88 112,91 L66,90 C42,88 24,84 16,75 C8,64 6,40 6,0 Z",
    hatch: "M44,-68 L18,-66 Q9,0 18,66 L44,68 Q33,0 44,-68 Z",
    rear: "M74,-58 Q67,0 74,58 L46,64 Q36,0 46,-64 Z",
    roof: "M78,-55 L264,-54 Q277,0 264,54 L78,55 Q69,0 78,-55 Z",
    from: 74,
    to: 270,
    fin: "M80,-2.5 q9,-1.5 14,2.5 q-5,4 -14,2.5 Z",
    windows: ["M188,-63 L260,-60 L305,-74 L188,-75 Z", "M84,-62 L180,-63 L182,-75 L72,-73 Z"],
    rails: "M92,-50 L246,-49 M92,50 L246,49",
    bonnetLines: "M338,-30 L414,-26 M338,30 L414,26",
  },
};

for (const body of Object.values(BODIES)) {
  Object.assign(body, { bonnet: BONNET, windscreen: WINDSCREEN, lamp: LAMP, tail: TAIL });
}

/** A door: its leaf before it is turned about its front hinge, its pane, and the sill that it leaves open. */
export const DOORS = {
  front: {
    hinge: [312, -84],
    leaf: "M314,-75 L206,-76 q-16,0 -16,-9 q0,-9 14,-9 L314,-93 Z",
    pane: "M214,-84.5 H296",
    sill: "M190,-76 L310,-76",
    swept: "M312,-84 L190,-84 A122,122 0 0 1 198.1,-127.7 Z",
  },
  rear: {
    hinge: [186, -84],
    leaf: "M187,-75 L112,-76 q-14,0 -14,-9 q0,-9 12,-9 L187,-93 Z",
    pane: "M118,-84.5 H172",
    sill: "M100,-76 L183,-76",
    swept: "M186,-84 L98,-84 A88,88 0 0 1 103.8,-115.5 Z",
  },
};

/** Where the four tyres stand. */
export const WHEELS = {
  rear_left: [56, -95],
  front_left: [312, -95],
  rear_right: [56, 71],
  front_right: [312, 71],
};

/** The view box: x, y, width, height. */
export const VIEW = [-10, -108, 476, 216];

/** Where a level of so many percent is, from the rear. */
export function position(level) {
  return 6 + 4.3 * level;
}

/** Where it is in the width of the picture, from the rear, in percent. */
export function share(level) {
  return ((position(level) - VIEW[0]) / VIEW[2]) * 100;
}
