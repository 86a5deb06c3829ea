"""Other packages' doors to captures and to the codec; each module needs the package it names."""
