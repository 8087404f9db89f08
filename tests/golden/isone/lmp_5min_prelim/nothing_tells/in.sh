# In a folder whose name says nothing.
cat > "$IN/lmp_5min_20260308_00-04.csv" <<'END'
"C","Five-Minute Locational Marginal Prices"
"C","Filename: x.csv"
"C","Report for: 03/08/2026"
"C","Report generated: 12/01/2025 08:00:00 EST"
"H","Location ID","Local Time","Energy Component","Congestion Component","Loss Component","LMP"
"H","String","Time","Number","Number","Number","Number"
"D","4000","01:55:00",57.99,0.31,-0.08,58.22
"D","4000","03:00:00",-3.9,0.81,0.37,-2.72
"T","2 lines"
END
