/** A canvas may not be greater in some browsers. */
const MOST_PIXELS = 8192;
const SVG = 'http://www.w3.org/2000/svg';

/** What a view gives to be saved: all of it, whatever part is shown. */
export interface Picture {
  readonly svg: SVGSVGElement;
  readonly width: number;
  readonly height: number;
  readonly background: string;
}

/** The picture as a file that stands alone. */
export function svgText({ svg, width, height, background }: Picture): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  for (const { name } of [...copy.attributes]) copy.removeAttribute(name);
  const margin = 12;
  copy.setAttribute('xmlns', SVG);
  copy.setAttribute('viewBox', [-margin, -margin, width + 2 * margin, height + 2 * margin].join(' '));
  copy.setAttribute('width', String(width + 2 * margin));
  copy.setAttribute('height', String(height + 2 * margin));
  copy.setAttribute('font-family', 'sans-serif');
  copy.querySelector('[data-moved]')?.removeAttribute('transform');
  const paper = document.createElementNS(SVG, 'rect');
  const place = { x: -margin, y: -margin, width: width + 2 * margin, height: height + 2 * margin, fill: background };
  for (const [name, value] of Object.entries(place)) paper.setAttribute(name, String(value));
  copy.prepend(paper);
  return new XMLSerializer().serializeToString(copy);
}

export function saveSvg(picture: Picture): void {
  save(new Blob([svgText(picture)], { type: 'image/svg+xml' }), 'topology.svg');
}

/**
 * At twice the size, or as great as browsers can.
 * @throws Error when the browser cannot draw it
 */
export async function savePng(picture: Picture): Promise<void> {
  const address = URL.createObjectURL(new Blob([svgText(picture)], { type: 'image/svg+xml' }));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const scale = Math.min(2, MOST_PIXELS / Math.max(image.width, image.height));
    const canvas = document.createElement('canvas');
    canvas.width = Math.max(1, Math.round(image.width * scale));
    canvas.height = Math.max(1, Math.round(image.height * scale));
    canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/png'));
    if (!blob) throw new Error('no picture came out of the canvas');
    save(blob, 'topology.png');
  } finally {
    URL.revokeObjectURL(address);
  }
}

function save(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The download has begun when the click returns; the address is not needed after the next task.
  setTimeout(() => URL.revokeObjectURL(link.href), 0);
}
