"""Audio-visual event localization: what can be both seen and heard in a video, and when."""
