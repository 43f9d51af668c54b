// The parts of ECharts that our charts use, as one ES module. Built by scripts with
//   esbuild style/echarts.js --bundle --minify --format=esm --target=es2022 \
//     --outfile=public/vendor/echarts.6.1.0.js
// and loaded by crates/ui/src/chart.js when the first chart is mounted. Canvas, since it is smaller
// on the wire than the SVG renderer and does not slow down with thousands of points.
// Only what an option tree of ours names: bars and marked areas would be another 7 KiB.
export { init } from "echarts/core";
import { use } from "echarts/core";
import { LineChart } from "echarts/charts";
import {
  DataZoomInsideComponent,
  GridComponent,
  MarkLineComponent,
  TooltipComponent,
} from "echarts/components";
import { CanvasRenderer } from "echarts/renderers";

use([
  LineChart,
  DataZoomInsideComponent,
  GridComponent,
  MarkLineComponent,
  TooltipComponent,
  CanvasRenderer,
]);
