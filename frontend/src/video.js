// Plays an HLS stream: by itself where the browser can, else through hls.js, which is fetched only then.
import Hls from "hls.js";

export function load(video, source) {
  if (video.canPlayType("application/vnd.apple.mpegurl") || !Hls.isSupported()) {
    video.src = source;
    return;
  }
  const player = new Hls({ enableWorker: false });
  player.loadSource(source);
  player.attachMedia(video);
}
