"""Names of the field's feature files, before `.h5`."""

AUDIO, MAP, VECTOR = "audio_feature", "visual_feature", "visual_feature_vec"
EMBEDDING = "visual_embedding"
"""Ours alone: the encoder's own vector of the picture, so that a round trip loses nothing."""
NOISY = "_noisy"
"""Ends the names of the background-only videos' files."""
