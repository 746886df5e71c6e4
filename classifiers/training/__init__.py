"""How the shipped model is built: corpora, loss, export, calibration, measurement, model card."""
