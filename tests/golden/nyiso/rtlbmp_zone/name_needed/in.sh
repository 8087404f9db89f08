# In a folder whose name says nothing.
cat > "$IN/prices.csv" <<'END'
"Time Stamp","Name","PTID","LBMP ($/MWHr)","Marginal Cost Losses ($/MWHr)","Marginal Cost Congestion ($/MWHr)"
"07/04/2024 00:00","H Q",61844,73.43,7.27,8.06
"07/04/2024 00:00","N.Y.C.",61761,18.60,-1.69,-49.19
"07/04/2024 00:00","WEST",61752,44.62,5.18,5.90
"07/04/2024 01:00","H Q",61844,63.56,4.77,-6.46
"07/04/2024 01:00","N.Y.C.",61761,38.45,3.62,-57.23
"07/04/2024 01:00","WEST",61752,69.32,-0.21,4.39
END
